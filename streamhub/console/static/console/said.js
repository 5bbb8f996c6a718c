/* Times in sentences. The server writes them in UTC ("2026-11-28 13:26 UTC"); here each becomes the element
   that console.js completes, so that they are shown in the browser's zone as everywhere else on the page.
   This file comes before console.js. No inline handlers and no eval, as there. */
(() => {
  "use strict";

  // One time, or two with a word between them: "2026-11-28 13:00 to 14:00 UTC".
  const WRITTEN = /(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)(?: (\S+) (?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d))? UTC/g;
  // What is a time already, what is copied or read as it is written, and what cannot hold an element.
  const LEFT = "time, code, pre, kbd, script, style, textarea, option, svg, title, [data-sh-written]";

  // null if they are the figures of no time.
  function element([written, day, clock, between, lastDay, lastClock]) {
    const time = document.createElement("time");
    time.className = "sh-time";
    time.dateTime = `${day}T${clock}Z`;
    time.dataset.shTime = clock.length > 5 ? "said" : "said-minute";
    if (lastClock) Object.assign(time.dataset, { shBetween: between, shUntil: `${lastDay ?? day}T${lastClock}Z` });
    time.textContent = written;
    return isNaN(Date.parse(time.dateTime)) || isNaN(Date.parse(time.dataset.shUntil ?? time.dateTime)) ? null : time;
  }

  function split(node) {
    const parts = [];
    let end = 0;
    for (const found of node.data.matchAll(WRITTEN)) {
      const time = element(found);
      if (!time) continue;
      parts.push(node.data.slice(end, found.index), time);
      end = found.index + found[0].length;
    }
    if (parts.length) node.replaceWith(...parts, node.data.slice(end));
  }

  function findTimes() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.data.includes(" UTC") && !node.parentElement.closest(LEFT)) found.push(node);
    }
    found.forEach(split);
  }

  for (const name of ["DOMContentLoaded", "htmx:afterSwap", "sh:changed"]) document.addEventListener(name, findTimes);
})();
