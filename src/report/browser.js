// The rows of a table: found, shown, and picked.

// So many rows are shown at a time.
const PAGE = 50;

const place = document.getElementById("browser");
const loaded = new Map();
const shownTables = about.tables.map((table, id) => ({ ...table, id })).filter((table) => table.shown > 0);
const state = { table: null, rows: [], found: [], page: 0, all: false };

// A table's rows, read when somebody looks at them, with the text that is searched.
const rowsOf = (table) => {
  if (!loaded.has(table.id)) loaded.set(table.id, JSON.parse(document.getElementById(`rows-${table.id}`).textContent));
  return loaded.get(table.id);
};

const haystack = (row) => {
  if (row.text === undefined) {
    const values = row.v ? row.v.flat().filter(isText) : [];
    row.text = [...row.k, row.c, row.a || "", row.y || "", ...values].join("\n").toLowerCase();
  }
  return row.text;
};

const labelled = (name, control) => {
  const label = make("label", name);
  label.append(control);
  return label;
};

const choice = (options) => {
  const select = document.createElement("select");
  for (const [value, name] of options) select.append(new Option(name, value));
  return select;
};

const instant = (us) => (us === null ? null : new Date(us / 1000).toISOString());

const keyText = (table, row) => {
  const names = table.columns.filter((column) => column.is_key).map((column) => column.name);
  return row.k.map((value, at) => `${names[at] ?? "key"} ${isText(value) ? value : OTHERS[value] ?? "NULL"}`).join(", ");
};

const heldWords = { hold: "held", replace: "update" };

const controls = {
  table: choice(shownTables.map((table) => [table.id, `${table.database}: ${table.table} (${table.differing})`])),
  search: document.createElement("input"),
  kind: document.createElement("select"),
  action: document.createElement("select"),
  column: document.createElement("select"),
};
controls.search.type = "search";

const list = make("div");
const status = make("p", "", "note");
status.setAttribute("role", "status");
const pages = make("div", undefined, "pages");
const before = make("button", "Previous rows");
const after = make("button", "Next rows");
const open = make("button", "Open these rows");
const alike = make("button", "Show columns that are alike");
for (const button of [before, after, open, alike]) button.type = "button";
alike.setAttribute("aria-pressed", "false");

const pickBar = make("div", undefined, "picks");
const picked = make("span", "");
picked.setAttribute("role", "status");
const by = document.createElement("input");
const saveButton = make("button", "Save picks as a file");
const clearButton = make("button", "Forget all picks");
for (const button of [saveButton, clearButton]) button.type = "button";

const tellPicks = () => {
  const rows = picks.size === 1 ? "row is" : "rows are";
  picked.textContent = `${picks.size} ${rows} picked`;
  saveButton.disabled = picks.size === 0;
  clearButton.disabled = picks.size === 0;
};

const decide = (table, row, id, summary) => {
  const box = make("div", undefined, "decide");
  const keys = table.columns.filter((column) => column.is_key).map((column) => column.name);
  if (rawKey(row) === null) {
    box.append(make("p", "The key is masked or has no text: this row is picked in a terminal.", "note"));
    return box;
  }
  const name = pickName(table.id, id);
  const kind = about.classes[row.c];
  const select = choice([["", "as it is decided"], ...kind.allowed.map((word) => [word, word])]);
  const why = document.createElement("input");
  const known = picks.get(name);
  if (known) {
    select.value = known.resolution;
    why.value = known.why;
  }
  const take = () => {
    if (select.value) {
      const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
      picks.set(name, { table, keys, row, resolution: select.value, why: why.value.trim(), at });
    } else picks.delete(name);
    tell(summary, name);
    tellPicks();
  };
  select.addEventListener("change", take);
  why.addEventListener("change", take);
  box.append(labelled("Pick this row", select), labelled("Why", why));
  if (kind.applying) box.append(make("span", `apply_new would ${kind.applying}.`, "note"));
  return box;
};

const tell = (summary, name) => {
  const known = picks.get(name);
  const place = summary.querySelector(".picked");
  place.textContent = known ? `picked: ${known.resolution}` : "";
};

const inside = (table, row, id, summary) => {
  const box = make("div", undefined, "inside");
  const kind = about.classes[row.c];
  box.append(make("p", `${row.c}: ${kind ? kind.meaning : ""}.`));
  if (row.y) box.append(make("p", row.y));
  const written = [["OLD", row.w[0]], ["NEW", row.w[1]]].filter(([, at]) => at !== null);
  const stamps = written.map(([side, at]) => `; ${side} written ${instant(at)}`).join("");
  box.append(make("p", `Evidence: OLD ${row.e[0]}, NEW ${row.e[1]}${stamps}.`, "note"));
  if (row.v) {
    const [values, same] = valuesTable(table, row, state.all);
    box.append(values);
    if (same > 0 && !state.all) box.append(make("p", `${same} columns are alike.`, "note"));
  } else if (row.d.length) {
    box.append(make("p", `Differs in: ${row.d.map((at) => table.columns[at].name).join(", ")}.`));
  }
  box.append(decide(table, row, id, summary));
  return box;
};

const rowElement = (table, row, id) => {
  const details = make("details", undefined, "row");
  const summary = make("summary");
  summary.append(make("span", keyText(table, row), "key"), make("span", row.c));
  if (row.a) summary.append(make("span", heldWords[row.a] ?? row.a, row.a === "hold" ? "held" : ""));
  summary.append(make("span", "", "picked"));
  tell(summary, pickName(table.id, id));
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(inside(table, row, id, summary));
  });
  return details;
};

const show = () => {
  const from = state.page * PAGE;
  const rows = state.found.slice(from, from + PAGE);
  list.replaceChildren(...rows.map((id) => rowElement(state.table, state.rows[id], id)));
  before.disabled = state.page === 0;
  after.disabled = from + PAGE >= state.found.length;
  open.disabled = rows.length === 0;
  const of = state.table.shown < state.table.differing ? `; ${state.table.differing} rows differ, ${state.table.shown} are here` : "";
  status.textContent = rows.length
    ? `rows ${from + 1} to ${from + rows.length} of ${state.found.length}${of}`
    : `no row is as it is asked for${of}`;
};

const find = () => {
  const text = controls.search.value.toLowerCase();
  const [kind, action, column] = [controls.kind.value, controls.action.value, controls.column.value];
  const isMeant = (row, id) =>
    (!kind || row.c === kind)
    && (!action || (action === "picked" ? picks.has(pickName(state.table.id, id)) : row.a === action))
    && (!column || row.d.includes(Number(column)))
    && (!text || haystack(row).includes(text));
  state.found = [];
  state.rows.forEach((row, id) => {
    if (isMeant(row, id)) state.found.push(id);
  });
  state.page = 0;
  show();
};

const offer = (select, all, options) => {
  select.replaceChildren(new Option(all, ""), ...options.map(([value, name]) => new Option(name, value)));
};

const lookAt = (id) => {
  state.table = shownTables.find((table) => table.id === id);
  state.rows = rowsOf(state.table);
  const words = (of) => [...new Set(state.rows.map(of).filter(Boolean))].sort();
  const columns = new Set(state.rows.flatMap((row) => row.d));
  offer(controls.kind, "any class", words((row) => row.c).map((word) => [word, word]));
  offer(controls.action, "any action", [
    ...words((row) => row.a).map((word) => [word, heldWords[word] ?? word]),
    ["picked", "picked here"],
  ]);
  offer(controls.column, "any column", [...columns].sort((a, b) => a - b).map((at) => [at, state.table.columns[at].name]));
  controls.table.value = id;
  find();
};

const build = () => {
  const filters = make("div", undefined, "filters");
  filters.append(
    labelled("Table", controls.table),
    labelled("Search keys and values", controls.search),
    labelled("Class", controls.kind),
    labelled("The plan does", controls.action),
    labelled("Differs in", controls.column),
  );
  pages.append(before, after, open, alike);
  pickBar.append(picked, labelled("Decided by", by), saveButton, clearButton);
  place.append(filters, status, pages, list, pickBar);
  controls.table.addEventListener("change", () => lookAt(Number(controls.table.value)));
  controls.search.addEventListener("input", find);
  for (const select of [controls.kind, controls.action, controls.column]) select.addEventListener("change", find);
  before.addEventListener("click", () => { state.page -= 1; show(); });
  after.addEventListener("click", () => { state.page += 1; show(); });
  open.addEventListener("click", () => { for (const row of list.children) row.open = true; });
  alike.addEventListener("click", () => {
    state.all = !state.all;
    alike.setAttribute("aria-pressed", String(state.all));
    show();
  });
  saveButton.addEventListener("click", () => save(by.value.trim()));
  clearButton.addEventListener("click", () => { picks.clear(); tellPicks(); show(); });
  for (const link of document.querySelectorAll("a[data-table]")) {
    link.addEventListener("click", () => {
      const id = Number(link.dataset.table);
      if (shownTables.some((table) => table.id === id)) lookAt(id);
    });
  }
  tellPicks();
  lookAt(shownTables[0].id);
};

if (shownTables.length) build();
else place.append(make("p", "There is no row to show."));
