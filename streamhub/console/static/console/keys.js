/* The console by keyboard: single keys for what the page offers, shown by "?".
   A key presses the element that names it (data-sh-key). Keys do nothing while something is typed, and can be
   turned off in the list of keys, for people whose speech or hands press keys that they do not mean. */
(() => {
  "use strict";

  const { text } = window.streamhub;
  const OFF = "sh-keys-off";
  const GOES = { l: ["liveNow", "/admin/live/"], d: ["dashboard", "/admin/"], h: ["health", "/admin/health/"] };
  const isOff = () => localStorage.getItem(OFF) === "1";

  const typing = (element) => element.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
  const offered = () => [...document.querySelectorAll("[data-sh-key]")].filter((element) => element.getClientRects().length);
  const linkTo = (path) => document.querySelector(`#nav-sidebar a[href="${path}"], a[href="${path}"]`);

  // Without what is hidden from assistive technology: the name of an icon is no word.
  function wordsOf(element) {
    const copy = element.cloneNode(true);
    for (const hidden of copy.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    return copy.textContent;
  }

  function nameOf(element) {
    const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.querySelector(".sh-verb-name")?.childNodes[1]?.textContent ?? wordsOf(element);
    return name.trim();
  }

  // --- the list of keys ---------------------------------------------------------------------------

  function line(key, what) {
    const row = document.createElement("div"), term = document.createElement("dt"), kbd = document.createElement("kbd"), detail = document.createElement("dd");
    kbd.textContent = key;
    term.append(kbd);
    detail.textContent = what;
    row.append(term, detail);
    return row;
  }

  function showKeys() {
    document.getElementById("sh-keys")?.remove();
    const dialog = document.createElement("dialog");
    dialog.id = "sh-keys";
    dialog.className = "sh-keys";
    dialog.setAttribute("aria-label", text("keys"));
    const title = document.createElement("h2"), list = document.createElement("dl"), choice = document.createElement("label"), box = document.createElement("input"), close = document.createElement("button");
    title.textContent = text("keys");
    for (const element of offered()) list.append(line(element.dataset.shKey, nameOf(element)));
    if (rows().length) list.append(line("j k", text("nextShow")), line("Enter", text("openIt")));
    list.append(line("/", text("searchAll")));
    for (const [key, [what, path]] of Object.entries(GOES)) if (linkTo(path)) list.append(line(key, text(what)));
    list.append(line("?", text("theseKeys")));
    box.type = "checkbox";
    box.checked = !isOff();
    box.addEventListener("change", () => localStorage.setItem(OFF, box.checked ? "0" : "1"));
    choice.append(box, ` ${text("keysOn")}`);
    close.type = "button";
    close.className = "sh-btn";
    close.textContent = text("close");
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, list, choice, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // --- rows: the next one, and a filter ---------------------------------------------------------------

  const rows = () => [...document.querySelectorAll("[data-sh-list] > [data-sh-row]")].filter((row) => !row.hidden);

  function move(step) {
    const all = rows();
    const now = all.findIndex((row) => row.contains(document.activeElement));
    all[Math.min(Math.max(now + step, 0), all.length - 1)]?.querySelector("a")?.focus();
  }

  function filter() {
    const field = document.querySelector("[data-sh-filter]");
    if (!field) return;
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll(`#${field.dataset.shFilter} [data-sh-row]`)) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
    }
  }
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-sh-filter]")) filter(); });
  document.addEventListener("sh:changed", filter);

  // --- keys --------------------------------------------------------------------------------------------

  function press(element) {
    if (element.matches("input")) { element.focus(); element.select(); } else element.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target.matches?.("[data-sh-filter]") && event.key === "Enter") {
      event.preventDefault();
      rows()[0]?.querySelector("a")?.click();
      return;
    }
    if (typing(target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); return; }
    if (isOff()) return;
    const element = offered().find((each) => each.dataset.shKey === event.key);
    const goes = GOES[event.key];
    if (element) press(element);
    else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
    else if (event.key === "/") document.querySelector(".sh-find")?.click();
    else if (goes && linkTo(goes[1])) linkTo(goes[1]).click();
    else return;
    event.preventDefault();
  });

  // The search of the sidebar opens its first result at Enter, without arrows.
  // Unfold takes Ctrl-K for text in every input; in a box that is ticked nothing is typed.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || !event.target.matches?.("input[type=checkbox]")) return;
    event.preventDefault();
    window.dispatchEvent(new CustomEvent("opencommand"));
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "search-input-command" || event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    const results = document.querySelectorAll("#command-results-list li");
    if (results.length === 0 || document.querySelector("#command-results-list li.active")) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    location.assign(results[0].querySelector("a").href);
  }, true);
})();
