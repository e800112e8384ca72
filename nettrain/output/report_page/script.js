
"use strict";

// a press on a heading sorts its table by this column, a second one the other way round; gaps stay last
function sortTable(table, column, descending) {
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row, place) => {
    const cell = row.cells[column];
    const number = cell.dataset.value;
    const text = cell.textContent.trim();
    return { row, place, number: number === undefined ? NaN : Number(number), text };
  });
  const numeric = keyed.some((one) => !Number.isNaN(one.number));
  const isGap = (one) => (numeric ? Number.isNaN(one.number) : one.text === "");
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (isGap(a) || isGap(b)) return isGap(a) - isGap(b) || a.place - b.place;
    const order = numeric ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true });
    return sign * order || a.place - b.place;
  });
  body.append(...keyed.map((one) => one.row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortTable(table, column, descending);
    });
  });
}

// the line of a trial and its row in the table light up together
const lines = new Map();
for (const line of document.querySelectorAll('.plot svg g[id*="-trial-"]')) {
  lines.set(line.id.slice(line.id.indexOf("trial-")), line);
}
const rows = new Map();
for (const row of document.querySelectorAll("tr[data-key]")) rows.set(row.dataset.key, row);
const reading = document.querySelector(".reading");
let lit = [];

function light(key) {
  for (const one of lit) one.classList.remove("lit");
  lit = [lines.get(key), rows.get(key)].filter(Boolean);
  for (const one of lit) one.classList.add("lit");
  const row = rows.get(key);
  if (!reading || !row) return;
  const names = Array.from(row.closest("table").tHead.rows[0].cells, (cell) => cell.textContent.trim());
  const texts = Array.from(row.cells, (cell) => cell.textContent.trim());
  reading.textContent = names.map((name, k) => `${name} ${texts[k]}`).filter((_, k) => texts[k]).join(" · ");
}

for (const [key, line] of lines) line.addEventListener("pointerenter", () => light(key));
for (const [key, row] of rows) {
  row.addEventListener("pointerenter", () => light(key));
  row.addEventListener("click", () => light(key));
}

// on paper nothing is folded
const folded = new Set();
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open])")) {
    folded.add(one);
    one.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
  folded.clear();
});
