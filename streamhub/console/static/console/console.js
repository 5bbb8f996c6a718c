/* The console's script: copy buttons, local times, and one POST per click; refresh.js refreshes pages.
   It uses no inline handlers and no eval, so a content security policy of script-src 'self' allows it. */
(() => {
  "use strict";

  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const LANGUAGE = document.documentElement.lang.startsWith("en") ? "en-GB" : document.documentElement.lang;

  // --- texts ---------------------------------------------------------------------------------

  let texts = null; // what the page carries (browser_texts.py)

  // A text in the page's language, with its values in place of their `{name}`.
  function text(key, values = {}) {
    texts ??= JSON.parse(document.getElementById("sh-texts").textContent);
    return texts[key].replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  }

  // --- times ---------------------------------------------------------------------------------

  function span(seconds) {
    const s = Math.abs(seconds);
    if (s < MINUTE) return `${Math.floor(s)} s`;
    if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
    if (s < DAY) return `${Math.floor(s / HOUR)} h ${Math.floor((s % HOUR) / MINUTE)} min`;
    return `${Math.floor(s / DAY)} d`;
  }

  function relative(moment) {
    const seconds = (Date.now() - moment.getTime()) / 1000;
    return seconds < -1 ? text("ahead", { span: span(seconds) }) : text("ago", { span: span(Math.max(0, seconds)) });
  }

  const twoDigits = (n) => String(n).padStart(2, "0");

  // In the browser's zone, with the day if it is not today.
  function local(moment, withSeconds = true) {
    const zone = moment.toLocaleTimeString("en-GB", { timeZoneName: "short" }).split(" ").pop();
    const day = `${moment.getFullYear()}-${twoDigits(moment.getMonth() + 1)}-${twoDigits(moment.getDate())}`;
    const time = `${twoDigits(moment.getHours())}:${twoDigits(moment.getMinutes())}:${twoDigits(moment.getSeconds())}`;
    const today = moment.toDateString() === new Date().toDateString();
    return `${today ? "" : day + " "}${withSeconds ? time : time.slice(0, 5)} ${zone}`;
  }

  // Writes only if the text changed, so that selected text stays selected.
  function set(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // As a clock that runs: 1:05:09.
  function clockSpan(seconds) {
    const s = Math.floor(seconds);
    return `${Math.floor(s / HOUR)}:${twoDigits(Math.floor((s % HOUR) / MINUTE))}:${twoDigits(s % MINUTE)}`;
  }

  window.streamhub = { LANGUAGE, span, set, text };

  // What is read first, and what stands beside it or, in lists, below it.
  function inTwo(time, first, second) {
    if (time.children.length !== 2) {
      time.replaceChildren(document.createElement("span"), " ", document.createElement("span"));
      time.lastChild.className = "sh-ago";
    }
    set(time.firstChild, first);
    set(time.childNodes[1], second && " ");
    set(time.lastChild, second);
  }

  function showTimes() {
    for (const time of document.querySelectorAll("time[data-sh-time]")) {
      const moment = new Date(time.dateTime);
      if (!time.dataset.shUtc) time.dataset.shUtc = time.textContent.trim();
      const utc = moment.toISOString().slice(0, 19).replace("T", " ") + " UTC";
      const elsewhere = moment.getTimezoneOffset() !== 0;
      time.title = elsewhere ? `${utc} = ${local(moment)}, ${relative(moment)}` : `${utc}, ${relative(moment)}`;
      const seconds = (Date.now() - moment.getTime()) / 1000;
      if (time.dataset.shTime === "short") {
        inTwo(time, relative(moment), local(moment, false));
      } else if (time.dataset.shTime === "elapsed") {
        set(time, clockSpan(Math.max(0, seconds)));
      } else if (time.dataset.shTime === "left") {
        set(time, seconds > 0 ? text("over", { span: clockSpan(seconds) }) : text("left", { span: clockSpan(-seconds) }));
        time.classList.toggle("sh-over", seconds > 0);
      } else if (time.dataset.shTime.startsWith("said")) {
        const { shUtc, shUntil, shBetween } = time.dataset;
        const here = (each) => local(each, time.dataset.shTime === "said");
        const both = shUntil ? `${here(moment)} ${shBetween} ${here(new Date(shUntil))}` : here(moment);
        inTwo(time, elsewhere ? both : shUtc, elsewhere ? `(${shUtc})` : "");
      } else {
        inTwo(time, `${local(moment, time.dataset.shTime === "full")}, ${relative(moment)}`, elsewhere ? `(${time.dataset.shUtc})` : "");
      }
    }
  }

  document.addEventListener("htmx:afterSwap", showTimes);
  document.addEventListener("sh:changed", showTimes);

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-sh-refresh]") || !window.htmx) return;
    event.preventDefault();
    for (const element of document.querySelectorAll("[data-sh-poll]")) window.htmx.trigger(element, "sh-now");
  });

  // Unfold focuses the palette's field once, which does nothing if the palette is not yet shown. What is typed
  // before that belongs into the field: it would press the page's keys, and "h" leads away from the page.
  const WRITTEN_IN = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";
  function focusPalette() {
    const field = document.getElementById("search-input-command");
    if (!field) return;
    let attempts = 40, early = false;
    const take = (event) => {
      if (document.activeElement?.matches(WRITTEN_IN) || event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      field.value += event.key;
      early = true;
    };
    const timer = setInterval(() => {
      if (document.activeElement !== field && attempts--) { field.focus(); return; }
      clearInterval(timer);
      window.removeEventListener("keydown", take, true);
      if (early) field.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true })); // the search begins by it
    }, 50);
    window.addEventListener("keydown", take, true);
  }
  window.addEventListener("opencommand", focusPalette);
  window.addEventListener("keydown", (event) => {
    if (event.key === "k" && (event.ctrlKey || event.metaKey)) focusPalette();
  });

  // A menu closes like one: by a click elsewhere, or by Escape.
  function closeMenus(event) {
    for (const menu of document.querySelectorAll("details.sh-user[open]")) {
      if (event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target)) menu.removeAttribute("open");
    }
  }
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", closeMenus);

  // Keep opened <details> open when a refresh replaces them.
  const openIds = new Set();
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!details.matches?.("details[id]") || !details.isConnected) return;
    if (details.open) openIds.add(details.id); else openIds.delete(details.id);
  }, true);
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of openIds) document.getElementById(id)?.setAttribute("open", "");
  });

  // --- copy ------------------------------------------------------------------------------------

  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sh-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-sh-copy]");
    if (!button) return;
    const icon = button.querySelector(".sh-icon") ?? document.createElement("i");
    try {
      await copy(button.dataset.shCopy);
      icon.textContent = "check";
      button.classList.add("sh-copied");
    } catch {
      icon.textContent = "error";
    }
    setTimeout(() => { icon.textContent = "content_copy"; button.classList.remove("sh-copied"); }, 1500);
  });

  // --- one click, one POST -----------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sh-once]")) return;
    if (event.target.dataset.shSent) { event.preventDefault(); return; }
    event.target.dataset.shSent = "1";
    for (const button of event.target.querySelectorAll("button[type=submit]")) button.classList.add("sh-sent");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sh-once]")) delete form.dataset.shSent;
  });

  // --- fields that belong to one choice ---------------------------------------------------------

  // The server leaves out what does not belong to the choice, so what was typed there may be hidden: it comes
  // back with the choice. A part of a help text follows a choice in the same way.
  function showFields() {
    for (const part of document.querySelectorAll("[data-sh-shown-for]")) {
      const choice = part.closest("form")?.elements[part.dataset.shShownFor];
      if (!choice) continue;
      const shown = part.dataset.shShownValues.split(" ").includes(choice.value);
      (part.matches("input, select, textarea") ? part.closest(".group") : part).hidden = !shown;
    }
  }

  // Unfold hides the page until Alpine runs, and the browser forgets an `autofocus` that it finds hidden.
  // select2 has put another control in a field's place. Warnings stand below a long form, where nobody sees them.
  function giveFocus() {
    const problem = document.querySelector(".sh-problems") && document.querySelector("form [aria-invalid=true]");
    const first = problem ? (problem.parentElement.querySelector(".select2-selection") ?? problem) : document.querySelector(".sh-warnings");
    const field = first ?? document.querySelector("[autofocus]");
    if (first || document.activeElement === document.body) field?.focus();
  }
  document.addEventListener("change", (event) => { if (event.target.form) showFields(); });

  // --- planned times, in both zones while they are typed -------------------------------------------

  // The moment at which the clocks of a zone show this wall time ("2026-12-01T19:30").
  function momentIn(zone, wall) {
    const wanted = Date.parse(`${wall}:00Z`);
    const shown = (time) => {
      const parts = {};
      const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric",
        month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
      for (const part of format.formatToParts(new Date(time))) parts[part.type] = part.value;
      return Date.parse(`${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:00Z`);
    };
    let time = wanted;
    for (let n = 0; n < 3; n++) time += wanted - shown(time);
    return new Date(time);
  }

  const minutes = (moment, zone) => moment.toLocaleString(LANGUAGE, { timeZone: zone, weekday: "short", day: "2-digit",
    month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

  function echo(field) {
    let note = field.parentElement.querySelector(".sh-echo");
    if (!note) {
      note = document.createElement("p");
      note.className = "sh-echo";
      note.setAttribute("role", "status");
      field.after(note);
    }
    const zone = "shUtcInput" in field.dataset ? "UTC" : field.form.elements[field.dataset.shZoneInput].value;
    const wall = field.value.slice(0, 16);
    const moment = wall.length === 16 ? momentIn(zone, wall) : null;
    if (!moment || isNaN(moment)) { set(note, ""); return; }
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = [...new Set([zone, "UTC", own])];
    const past = !("shPast" in field.dataset) && moment.getTime() < Date.now() - 60000;
    note.classList.toggle("sh-late", past);
    const times = zones.map((name) => minutes(moment, name)).join(" = ");
    set(note, past ? text("isPast", { times }) : `${times}, ${relative(moment)}`);
  }

  function echoAll() {
    for (const field of document.querySelectorAll("[data-sh-utc-input], [data-sh-zone-input]")) echo(field);
  }
  document.addEventListener("input", (event) => { if (event.target.form) echoAll(); });
  document.addEventListener("change", (event) => { if (event.target.form) echoAll(); });

  // A new form begins in the browser's own zone.
  function chooseOwnZone() {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const select of document.querySelectorAll("select[data-sh-own-zone]")) {
      const known = [...select.options].some((option) => option.value === own);
      if (known && !select.form.querySelector(".errors, [name=confirmed]")) select.value = own;
    }
  }

  // The server shows the calendar in this zone.
  function keepOwnZone() {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (own) document.cookie = `sh_zone=${own}; path=/admin/; max-age=31536000; SameSite=Lax`;
  }

  window.addEventListener("load", () => setTimeout(giveFocus)); // the page is shown, and select2 is in its places

  document.addEventListener("DOMContentLoaded", () => {
    keepOwnZone();
    showTimes();
    showFields();
    chooseOwnZone();
    echoAll();
    setInterval(showTimes, 1000);
  });
})();
