// The few things that a page without a script can't do. Everything works without this file.
(() => {
  "use strict";
  const failed = () => document.getElementById("failed");

  // A request that got lost, or that the server could not do: say so, the page keeps what was typed.
  const tell = (event) => {
    const ctx = event.detail.ctx;
    // A refusal comes with its own words; so does our own error page, but not that of a proxy before us.
    if (ctx && ctx.response && (ctx.response.status < 500 || ctx.text.includes('id="messages"'))) return;
    const note = failed();
    if (!note) return;
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:error", tell);
  document.addEventListener("htmx:response:error", tell);
  document.addEventListener("htmx:before:request", () => {
    const note = failed();
    if (note) note.hidden = true;
  });

  document.addEventListener("keydown", (event) => {
    const sheet = event.key === "Escape" && document.querySelector(".sheet[open]");
    if (!sheet) return;
    sheet.open = false;
    sheet.querySelector("summary").focus();
  });

  // On a wide screen a row opens beside its list instead of in its place.
  const wide = window.matchMedia("(min-width: 1000px)");
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".split .cells a.row");
    const pane = document.getElementById("pane");
    if (!row || !pane || !wide.matches || !window.htmx) return;
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.htmx.ajax("GET", row.href, { source: row, target: "#pane", swap: "innerHTML", push: row.href });
    for (const other of document.querySelectorAll(".split .cells a.row[aria-current]")) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
  });
})();
