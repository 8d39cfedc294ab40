// One row, transposed: a line for each column, with what OLD, NEW, BASE and the result have.

// What stands in the place of a value.
const OTHERS = ["no row", "not known", "no such column", "masked", "OLD's default"];

const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};

const isText = (value) => typeof value === "string";

const valueCell = (value) => {
  const cell = document.createElement("td");
  if (isText(value)) cell.textContent = value;
  else cell.append(make("span", value === null ? "NULL" : OTHERS[value], "none"));
  return cell;
};

// The values of a column: OLD, NEW, BASE and, where there is a plan, the result.
const valuesOf = (column, sides) => (Array.isArray(column) ? column : new Array(sides).fill(column));

const columnHead = (column) => {
  const head = make("th", column.name);
  head.scope = "row";
  head.append(make("span", column.is_key ? `${column.pg_type}, key` : column.pg_type, "type"));
  return head;
};

const columnLine = (column, values, differs) => {
  const line = make("tr", undefined, differs ? "" : "alike");
  line.append(columnHead(column));
  const [old, fresh] = values;
  const marks = differs && isText(old) && isText(fresh) ? differing(old, fresh) : null;
  values.forEach((value, side) => {
    const cell = valueCell(value);
    if (marks && side < 2) {
      cell.replaceChildren();
      putMarked(cell, value, marks[side]);
    }
    line.append(cell);
  });
  return line;
};

// A side that has no row, or of which nothing is known, has no column of its own.
const emptySide = (row, side, sides) => {
  const firsts = row.v.map((column) => valuesOf(column, sides)[side]);
  return [0, 1].find((why) => firsts.every((value) => value === why));
};

const valuesTable = (table, row, all) => {
  const names = ["OLD", "NEW", ...(row.u ? [] : ["BASE"]), ...(about.planned ? ["RESULT"] : [])];
  const empty = names.map((_, side) => emptySide(row, side, names.length));
  const shown = names.map((_, side) => side).filter((side) => empty[side] === undefined);
  const box = make("div", undefined, "scroll");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Values");
  const lines = make("table", undefined, "values");
  const head = make("tr");
  for (const name of ["column", ...shown.map((side) => names[side])]) {
    const cell = make("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  lines.createTHead().append(head);
  const body = lines.createTBody();
  const masked = new Map();
  let alike = 0;
  table.columns.forEach((column, position) => {
    const differs = row.d.includes(position);
    alike += differs ? 0 : 1;
    if (!differs && !all && !column.is_key) return;
    if (column.masked_by) masked.set(column.masked_by, [...(masked.get(column.masked_by) || []), column.name]);
    const values = valuesOf(row.v[position], names.length);
    const line = columnLine(column, values, differs && empty[0] === undefined && empty[1] === undefined);
    line.className = differs ? "" : "alike";
    for (let side = names.length - 1; side >= 0; side -= 1) {
      if (!shown.includes(side)) line.cells[side + 1].remove();
    }
    body.append(line);
  });
  box.append(lines);
  const said = names.filter((_, side) => empty[side] === 0);
  const unknown = [...names.filter((_, side) => empty[side] === 1), ...(row.u ? ["BASE"] : [])];
  const notes = [];
  if (said.length) notes.push(`no row: ${said.join(", ")}`);
  if (unknown.length) notes.push(`not known: ${unknown.join(", ")}`);
  masked.forEach((columns, by) => notes.push(`masked: ${columns.join(", ")}, by ${by}`));
  if (notes.length) box.prepend(make("p", notes.join("; "), "note"));
  return [box, alike];
};
