// Tables of the page: sorted by a click on a heading, and searched where they are long.

// So many lines and more are searchable.
const LONG = 8;

const number = (text) => {
  const plain = text.replaceAll(",", "");
  return plain !== "" && !Number.isNaN(Number(plain)) ? Number(plain) : null;
};

const compareTexts = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (x !== null && y !== null) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
};

const sortBy = (table, head, position) => {
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const lines = [...body.rows].map((line) => [line.cells[position].textContent, line]);
  lines.sort(([a], [b]) => sign * compareTexts(a, b));
  body.append(...lines.map(([, line]) => line));
};

const searchable = (table) => {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const found = document.createElement("span");
  input.type = "search";
  found.setAttribute("role", "status");
  label.append(`Search: ${table.caption.textContent} `, input);
  const lines = [...table.tBodies[0].rows].map((line) => [line.textContent.toLowerCase(), line]);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const [text, line] of lines) {
      line.hidden = !text.includes(wanted);
      shown += line.hidden ? 0 : 1;
    }
    found.textContent = wanted ? ` ${shown} of ${lines.length}` : "";
  });
  const box = document.createElement("p");
  box.className = "search";
  box.append(label, found);
  table.parentElement.before(box);
};

for (const table of document.querySelectorAll("table.grid")) {
  [...table.tHead.rows[0].cells].forEach((head, position) => {
    if (head.textContent === "bar") return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sortBy(table, head, position));
    head.replaceChildren(button);
  });
  if (table.tBodies[0].rows.length >= LONG && !table.closest(".beside-each-other")) searchable(table);
}
