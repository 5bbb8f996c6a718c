/* What was typed is not lost when the session has ended: a form that is sent leaves what was typed in this tab
   (sessionStorage). If the answer asks who is there, or is that the form has expired, the same person gets it back
   in the same form, once. Passwords and what browsers are asked not to fill in (autocomplete="off") are not kept,
   nor is what was typed to confirm something. No inline handlers and no eval, as in console.js. */
(() => {
  "use strict";

  const KEY = "sh-kept", ANSWERED = 2 * 60 * 1000, LONGEST = 60 * 60 * 1000; // milliseconds
  const NEVER = "[type=password], [type=hidden], [type=file], [type=submit], [type=button], [type=search], [name=typed], "
    + "[autocomplete=off], [autocomplete*=password], button, fieldset, output";

  const here = () => location.pathname + location.search;
  const person = () => document.querySelector("[data-sh-user]")?.dataset.shUser ?? "";
  const say = (key) => window.streamhub.text(key);

  function read() {
    try { return JSON.parse(sessionStorage.getItem(KEY)); } catch { return null; }
  }
  // A browser may refuse to store: then the form is only sent.
  function write(kept) {
    try { sessionStorage.setItem(KEY, JSON.stringify(kept)); } catch { sessionStorage.removeItem(KEY); }
  }

  // --- keep ------------------------------------------------------------------------------------

  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !field.matches(NEVER));
  const ticked = (field) => field.matches("[type=checkbox], [type=radio]");

  function changed(field) {
    if (ticked(field)) return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  }

  // What was not touched stays as the page has it when it is opened again. A form that was refused shows what
  // was typed as if it had been there.
  function typed(form) {
    const all = Boolean(form.querySelector("[aria-invalid=true]") ?? document.querySelector(".sh-problems, .errornote"));
    return fieldsOf(form).filter((field) => all || changed(field)).map((field) => {
      if (ticked(field)) return { name: field.name, value: field.value, checked: field.checked };
      if (field.options) return { name: field.name, chosen: [...field.selectedOptions].map((each) => [each.value, each.text]) };
      return { name: field.name, value: field.value };
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || !form.closest("#sh-main")) return;
    write({ page: here(), person: person(), at: Date.now(), fields: typed(form) });
  });

  // --- give back -------------------------------------------------------------------------------

  function choose(select, chosen) {
    for (const option of select.options) option.selected = false;
    for (const [value, label] of chosen) {
      const known = [...select.options].find((option) => option.value === value);
      if (known) known.selected = true; else select.add(new Option(label, value, false, true));
    }
  }

  function put(form, kept) {
    const field = fieldsOf(form).find((each) => each.name === kept.name && (!("checked" in kept) || each.value === kept.value));
    if (!field) return false;
    if ("checked" in kept) field.checked = kept.checked;
    else if (kept.chosen) choose(field, kept.chosen);
    else field.value = kept.value;
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
    return true;
  }

  function note(before, sentence) {
    const line = document.createElement("p");
    line.className = "sh-note sh-tone-warn";
    line.setAttribute("role", "status");
    line.textContent = sentence;
    before?.prepend(line);
    line.scrollIntoView({ block: "nearest" });
  }

  function giveBack(kept) {
    const forms = [...document.querySelectorAll("#sh-main form")].filter((form) => form.method === "post");
    const form = forms.find((each) => kept.fields.some(({ name }) => fieldsOf(each).some((field) => field.name === name)));
    const back = form ? kept.fields.filter((each) => put(form, each)).length : 0;
    note(form ?? document.querySelector("#sh-main #content, #sh-main"), back ? say("typedIsBack") : say("nothingSent"));
  }

  const fresh = (kept, longest) => Date.now() - kept.at < longest;

  function arrive() {
    const kept = read();
    const expired = document.getElementById("sh-expired");
    const signingIn = document.body.matches(".login") && document.querySelector("form"); // or says again who it is
    if (!kept) return;
    if (expired || signingIn) {
      if (!kept.lost && !fresh(kept, ANSWERED)) { sessionStorage.removeItem(KEY); return; }
      write({ ...kept, lost: true });
      if (signingIn) note(signingIn, say("isKept"));
      else { expired.querySelector("a").href = kept.page; expired.hidden = false; }
    } else if (!kept.lost) {
      if (person()) sessionStorage.removeItem(KEY); // it was answered
    } else if (person() && (person() !== kept.person || !fresh(kept, LONGEST))) {
      sessionStorage.removeItem(KEY);
    } else if (person() && kept.page === here()) {
      sessionStorage.removeItem(KEY);
      giveBack(kept);
    }
  }

  window.addEventListener("load", () => setTimeout(arrive)); // select2 is in its places
})();
