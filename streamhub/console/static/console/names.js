/* Accessible names, and the keyboard, for what Unfold and select2 leave without: choices, icons, switches, menus.
   No inline handlers and no eval, as in console.js. */
(() => {
  "use strict";

  const { text } = window.streamhub;

  function wordsOf(control) {
    const words = control.cloneNode(true);
    for (const icon of words.querySelectorAll(".material-symbols-outlined")) icon.remove();
    return words.textContent.trim();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    if (!event.target.matches?.("[role=button]:not([href], button)")) return;
    event.preventDefault();
    event.target.click();
  });

  function nameFields() {
    for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
      field.setAttribute("aria-label", text("search"));
    }
    // The name of a choice is its field's label; select2 knows what is chosen only.
    for (const box of document.querySelectorAll(".select2-selection:not([data-sh-named])")) {
      const field = box.closest(".select2-container").previousElementSibling;
      const label = field?.labels?.[0], chosen = box.querySelector(".select2-selection__rendered");
      box.dataset.shNamed = "";
      if (!label || !chosen) continue;
      label.id ||= `${field.id}-label`;
      box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
      if (chosen.getAttribute("role") === "textbox") chosen.setAttribute("aria-labelledby", label.id);
    }
    for (const nav of document.querySelectorAll("nav:not([aria-label])")) {
      nav.setAttribute("aria-label", nav.id === "nav-sidebar-inner" ? "StreamHub" : text("more"));
    }
    // A name that is cut is whole in its tooltip.
    for (const name of document.querySelectorAll("#result_list td a:not([title]), #result_list th a:not([title]), .sh-show-on:not([title])")) {
      if (name.scrollWidth > name.clientWidth) name.title = name.textContent.trim();
    }
    for (const hint of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) {
      hint.setAttribute("role", "img");
    }
    // What is clicked like a button but is a link without an address is one for the keyboard, too.
    for (const link of document.querySelectorAll("a:not([href]):not([role])")) {
      link.setAttribute("role", "button");
      link.setAttribute("tabindex", "0");
    }
    // Unfold's switches of the menu are plain elements: for the keyboard they are buttons with a name.
    for (const icon of document.querySelectorAll("span[x-on\\:click^=sidebar]:not([role])")) {
      icon.setAttribute("role", "button");
      icon.setAttribute("tabindex", "0");
      icon.setAttribute("aria-label", icon.closest("#nav-sidebar") ? text("closeMenu") : text("menu"));
      icon.removeAttribute("aria-hidden");
    }
    for (const title of document.querySelectorAll("#nav-sidebar h2[x-on\\:click]")) {
      title.setAttribute("role", "button");
      title.setAttribute("tabindex", "0");
      title.setAttribute("aria-expanded", String(title.nextElementSibling.style.display !== "none"));
    }
    // The name of an icon is the text of its element: it is no part of the name of a link or a button.
    // Where a control has nothing but icons, it needs a name of its own.
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden], [role])")) {
      const control = icon.closest("a, button");
      if (control && !control.title && !control.hasAttribute("aria-label") && !wordsOf(control)) {
        control.setAttribute("aria-label", icon.textContent.trim().replaceAll("_", " "));
      }
      icon.setAttribute("aria-hidden", "true");
    }
  }
  document.addEventListener("htmx:afterSwap", nameFields);
  // Runs after the libraries' own load handlers.
  window.addEventListener("load", () => setTimeout(nameFields));
  document.addEventListener("focusin", nameFields);
  document.addEventListener("click", () => setTimeout(nameFields));
})();
