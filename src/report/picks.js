// Rows that are picked in the page, and the fragment that they are saved as.

const about = JSON.parse(document.getElementById("about").textContent);

// By table and row: the resolution, why, and when.
const picks = new Map();

const pickName = (table, row) => `${table}/${row}`;

// A basic string of TOML. JSON's escapes are TOML's; one character is bare in JSON alone.
const quoted = (text) => JSON.stringify(text).replaceAll("\u007f", "\\u007f");

// The key as a decision names it; nothing where it is masked, or has no text.
const rawKey = (row) => {
  if (row.r === false) return null;
  return row.r || row.k;
};

const fragment = (by) => {
  const lines = [
    `# Rows picked in the report of run ${about.run}. Take them over with: failback decide --import FILE`,
    `diff_blake3 = ${quoted(about.diff_blake3)}`,
  ];
  for (const { table, keys, row, resolution, why, at } of picks.values()) {
    const columns = keys.map((name, position) => `${quoted(name)} = ${quoted(rawKey(row)[position])}`);
    lines.push("", "[[row]]", `database = ${quoted(table.database)}`, `table = ${quoted(table.table)}`);
    lines.push(`key = { ${columns.join(", ")} }`, `resolution = ${quoted(resolution)}`);
    if (why) lines.push(`why = ${quoted(why)}`);
    if (by) lines.push(`by = ${quoted(by)}`);
    lines.push(`at = ${quoted(at)}`);
  }
  return `${lines.join("\n")}\n`;
};

const save = (by) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([fragment(by)], { type: "application/toml" }));
  link.download = `picks-${about.run}.toml`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};
