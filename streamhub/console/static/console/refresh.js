/* Pages that refresh themselves: only what changed is sent, rows of lists come and go one by one, and a lost
   connection is said at once, with the time from which everything on the page is.
   No inline handlers and no eval, as in console.js. */
(() => {
  "use strict";

  const { LANGUAGE, span, set, text } = window.streamhub;
  const ANSWER_MS = 10_000; // longer than this, the server does not answer
  let updatedAt = Date.now();
  let problem = ""; // what is wrong with the refresh, in words
  let cut = false; // whether it is the connection: then nothing that is pressed can arrive
  let refused = false; // whether something was pressed since

  const polls = (element) => element?.matches?.("[data-sh-poll]") ?? false;
  const pollers = () => document.querySelectorAll("[data-sh-poll]");
  const clock = (time) => new Date(time).toLocaleTimeString(LANGUAGE);

  // --- what is said about it -------------------------------------------------------------------

  function showUpdated() {
    const seconds = Math.floor((Date.now() - updatedAt) / 1000);
    const word = problem || (seconds < 2 ? text("refreshedNow") : text("refreshed", { span: span(seconds) }));
    for (const element of document.querySelectorAll("[data-sh-updated]")) {
      set(element, word);
      element.closest(".sh-updated")?.classList.toggle("sh-late", Boolean(problem) || seconds > 30);
    }
    showCut(seconds);
  }

  // The bar above everything, and the mark on the page by which buttons look as they are: of no use now.
  function showCut(seconds) {
    document.documentElement.toggleAttribute("data-sh-cut", cut);
    let bar = document.getElementById("sh-cut");
    if (!cut) { bar?.remove(); return; }
    if (!bar) {
      bar = document.createElement("div");
      bar.id = "sh-cut";
      bar.className = "sh-cut";
      bar.setAttribute("role", "alert");
      bar.append(document.createElement("b"), " ", document.createElement("span"));
      document.body.prepend(bar);
    }
    set(bar.firstChild, text("cut", { time: clock(updatedAt), span: span(seconds) }));
    set(bar.lastChild, text(refused ? "notSent" : "whileCut"));
  }

  function works(element) {
    problem = "";
    cut = refused = false;
    // The banner refreshes itself on pages whose content does not.
    if (element.id !== "banner" || pollers().length === 1) updatedAt = Date.now();
  }

  function fails(words, isCut) {
    problem = words;
    cut = isCut;
    showUpdated();
  }

  // The banner has changed, so what is below it is old: a page must not say two things.
  function refreshOthers() {
    for (const element of pollers()) if (element.id !== "banner") window.htmx.trigger(element, "sh-now");
  }

  function refresh() {
    if (window.htmx) for (const element of pollers()) window.htmx.trigger(element, "sh-now");
  }

  // --- requests and answers ----------------------------------------------------------------------

  document.addEventListener("htmx:configRequest", (event) => {
    const { shVersion: version } = event.target.dataset ?? {};
    if (polls(event.target) && version) event.detail.headers["If-None-Match"] = `W/"${version}"`;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (polls(event.target) && document.hidden) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const element = event.detail.requestConfig?.elt;
    if (!polls(element)) return;
    const xhr = event.detail.xhr;
    if (xhr.getResponseHeader("X-StreamHub-Fragment")) {
      works(element);
      if (xhr.status === 304) event.detail.shouldSwap = false;
      else if (element.id === "banner") refreshOthers();
      else if (element.dataset.shRows) event.detail.serverResponse = mergeAnswer(element, event.detail.serverResponse);
      showUpdated();
      return;
    }
    // Never insert a login page or an error page into this page.
    event.detail.shouldSwap = false;
    fails(xhr.status === 200 ? text("signedOut") : text("answered", { status: xhr.status }), false);
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      if (polls(event.target)) fails(text("noAnswer"), true);
    });
  }
  window.addEventListener("offline", () => fails(text("offline"), true));
  window.addEventListener("online", refresh);

  document.addEventListener("htmx:afterSwap", showUpdated);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

  // What is pressed without a connection would lead to the browser's error page: the page stays instead.
  document.addEventListener("click", (event) => {
    if (!cut || !event.target.closest?.("a[href*='/do/'], [data-sh-once] button[type=submit]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    refused = true;
    showUpdated();
    refresh();
  }, true);

  // --- rows -----------------------------------------------------------------------------------------

  // What the server sent last for each row: a row is touched only if that changed.
  const sent = new Map();

  const keyOf = (row) => row.dataset.shRow;

  // The server names the rows of a table beside it, in their order.
  function nameKeys(holder) {
    const keys = (holder?.dataset.shKeys ?? "").split(" ").filter(Boolean);
    const bodies = holder?.querySelectorAll("#result_list > tbody") ?? [];
    bodies.forEach((body, n) => { if (keys[n]) body.dataset.shRow = keys[n]; });
  }

  const controls = (row) => [...row.querySelectorAll("a, button, input")];

  // Where the focus is: moving an element takes it away.
  function focusIn(list) {
    const focused = document.activeElement;
    const row = [...list.children].find((each) => each.contains(focused));
    return row && { key: keyOf(row), place: controls(row).indexOf(focused) };
  }

  function restoreFocus(list, was) {
    const row = was && [...list.children].find((each) => keyOf(each) === was.key);
    const control = row && controls(row)[was.place];
    if (control && control !== document.activeElement) control.focus({ preventScroll: true });
  }

  // Takes the rows out of an answer, merges them into the page, and returns the rest of the answer.
  function mergeAnswer(element, html) {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const fresh = answer.getElementById(element.dataset.shRows);
    const shown = document.getElementById(element.dataset.shRows);
    if (!fresh || !shown) return html;
    nameKeys(fresh);
    merge(shown, fresh);
    fresh.remove();
    document.dispatchEvent(new CustomEvent("sh:changed"));
    return answer.body.innerHTML;
  }

  function merge(shown, fresh) {
    const [here, there] = [listIn(shown), listIn(fresh)];
    if (!here || !there) {
      shown.replaceChildren(...fresh.childNodes);
      nameRows(shown);
      wireCheckboxes();
      return;
    }
    const focused = focusIn(here);
    const rows = new Map([...here.children].filter(keyOf).map((row) => [keyOf(row), row]));
    let place = [...here.children].find(keyOf) ?? null;
    let added = false;
    for (const row of [...there.children].filter(keyOf)) {
      const key = keyOf(row), old = rows.get(key);
      rows.delete(key);
      if (old && old === place) place = place.nextElementSibling;
      else here.insertBefore(old ?? row, place);
      if (old) update(old, row, key);
      else { added = true; sent.set(key, row.outerHTML); }
    }
    for (const [key, gone] of rows) { gone.remove(); sent.delete(key); }
    restoreFocus(here, focused);
    if (added) wireCheckboxes();
  }

  // A table whose rows are bodies of their own, as Unfold makes them, or whatever says that it is a list.
  const listIn = (holder) => holder.querySelector("table#result_list, [data-sh-list]");

  // The row's element stays, and so does what is checked in it.
  function update(old, row, key) {
    const html = row.outerHTML;
    if (sent.get(key) === html) return;
    sent.set(key, html);
    const box = old.querySelector("input.action-select");
    old.className = row.className;
    old.replaceChildren(...row.childNodes);
    const newBox = old.querySelector("input.action-select");
    if (box && newBox) newBox.replaceWith(box);
  }

  function nameRows(holder) {
    for (const row of listIn(holder)?.children ?? []) if (keyOf(row)) sent.set(keyOf(row), row.outerHTML);
  }

  // Django's script for the boxes before the rows knows only those that were there when it began.
  function wireCheckboxes() {
    const boxes = document.querySelectorAll("tr input.action-select");
    const parent = document.getElementById("changelist-form");
    const ready = window.Actions && boxes.length && parent?.querySelector("button[name=index]");
    if (ready) window.Actions(boxes, { parent });
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameKeys(document.getElementById("list-rows"));
    if (window.htmx) window.htmx.config.timeout = ANSWER_MS;
    setInterval(showUpdated, 1000);
  });
})();
