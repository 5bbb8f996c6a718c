/* Tables of figures on a narrow window: one that does not fit shows each row as lines, with the heading of the
   column before each value, so that nothing has to be moved sideways to be read. Without scripts such a table
   scrolls within its frame. No inline handlers and no eval, as in console.js. */
(() => {
  "use strict";

  const NARROW = window.matchMedia("(max-width: 640px)");

  // The heading of a cell's column; a cell may stand for several columns.
  function nameCells(table) {
    const headings = [...table.tHead.rows[0].cells].map((each) => each.textContent.trim());
    for (const row of table.rows) {
      if (row.parentElement === table.tHead) continue;
      let column = 0;
      for (const cell of row.cells) {
        if (column) cell.dataset.shColumn = headings[column] ?? "";
        column += cell.colSpan;
      }
    }
  }

  function fit() {
    for (const frame of document.querySelectorAll(".sh-scroll.sh-whole")) {
      const table = frame.querySelector(":scope > .sh-table");
      if (!table?.tHead) continue;
      table.classList.remove("sh-in-lines");
      if (!NARROW.matches || frame.scrollWidth <= frame.clientWidth) continue;
      nameCells(table);
      table.classList.add("sh-in-lines");
    }
  }

  NARROW.addEventListener("change", fit);
  for (const name of ["load", "resize"]) window.addEventListener(name, fit);
  document.addEventListener("htmx:afterSwap", fit);
})();
