// Light or dark: as the system says, unless the reader says otherwise.
{
  const root = document.documentElement;
  const place = document.getElementById("theme");
  const label = document.createElement("label");
  const select = document.createElement("select");
  label.textContent = "Theme ";
  for (const [value, name] of [["", "as the system"], ["light", "light"], ["dark", "dark"]]) {
    select.append(new Option(name, value));
  }
  const show = (value) => {
    if (value) root.dataset.theme = value;
    else delete root.dataset.theme;
  };
  select.addEventListener("change", () => {
    show(select.value);
    // A browser may keep nothing for a page that is a file.
    try { localStorage.setItem("failback-theme", select.value); } catch { /* the choice is for this time */ }
  });
  try { select.value = localStorage.getItem("failback-theme") || ""; } catch { /* as the system */ }
  show(select.value);
  label.append(select);
  place.append(label);
}
