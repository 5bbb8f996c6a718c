/* What lies over the page: the search, the filters, and the menu on a narrow window. Each is named, keeps the focus
   while it is open, closes by Escape and gives the focus back. No inline handlers and no eval, as in console.js. */
(() => {
  "use strict";

  const { text } = window.streamhub;
  const NARROW = 1280; // pixels; below, the menu lies over the page
  const FOCUSED = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const OVERLAYS = [
    { find: "[x-data='searchCommand()']", name: "search" },
    { find: "#changelist-filter", name: "filters" },
    { find: "#nav-sidebar", name: "menu", close: "[x-on\\:click^='sidebarMobileOpen']", menu: true },
  ];

  const seen = (element) => element.getClientRects().length > 0;
  const within = (element) => [...element.querySelectorAll(FOCUSED)].filter((each) => seen(each) && !each.disabled && each.tabIndex >= 0);
  const isOpen = (overlay) => seen(overlay.element) && !(overlay.menu && window.innerWidth >= NARROW);

  function watch(overlay) {
    overlay.element = document.querySelector(overlay.find);
    if (!overlay.element) return;
    if (!overlay.menu) {
      overlay.element.setAttribute("role", "dialog");
      overlay.element.setAttribute("aria-modal", "true");
      overlay.element.setAttribute("aria-label", text(overlay.name));
    }
    overlay.open = isOpen(overlay);
    overlay.look = () => { if (isOpen(overlay) !== overlay.open) toggled(overlay); };
    // Unfold shows and hides the element or one around it, by its style or its class.
    for (let each = overlay.element; each && each !== document.body; each = each.parentElement) {
      new MutationObserver(overlay.look).observe(each, { attributes: true, attributeFilter: ["style", "class"] });
    }
  }

  function toggled(overlay) {
    overlay.open = !overlay.open;
    if (overlay.open) {
      overlay.before = document.activeElement;
      if (!overlay.element.contains(document.activeElement)) within(overlay.element)[0]?.focus();
    } else if (overlay.before?.isConnected && (document.activeElement === document.body || overlay.element.contains(document.activeElement))) {
      overlay.before.focus();
    }
  }

  // The keys of an open overlay stay in it.
  document.addEventListener("keydown", (event) => {
    const overlay = OVERLAYS.find((each) => each.open && isOpen(each));
    if (!overlay) return;
    if (event.key === "Escape" && overlay.close) overlay.element.querySelector(overlay.close)?.click();
    if (event.key !== "Tab") return;
    const all = within(overlay.element);
    const [first, last] = event.shiftKey ? [all.at(-1), all[0]] : [all[0], all.at(-1)];
    if (first && (document.activeElement === last || !overlay.element.contains(document.activeElement))) {
      event.preventDefault();
      first.focus();
    }
  });

  // A window that becomes wide has the menu beside the page.
  window.addEventListener("resize", () => OVERLAYS.forEach((each) => each.look?.()));
  window.addEventListener("load", () => setTimeout(() => OVERLAYS.forEach(watch)));
})();
