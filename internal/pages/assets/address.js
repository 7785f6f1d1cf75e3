// Brings the state and postal code of an address in line with its country,
// without loading the page again. Without it a button does the same.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-refresh]")) {
    const country = form.elements.namedItem("country");
    if (!country) continue;
    const button = form.querySelector("button.refresh");
    if (button) button.hidden = true;

    const mark = (control, required) => {
      control.required = required;
      const label = form.querySelector(`label[for="${control.id}"]`);
      const note = label && label.querySelector(".optional");
      if (note && required) note.remove();
      if (label && !note && !required) {
        const span = document.createElement("span");
        span.className = "optional";
        span.textContent = form.dataset.optional;
        label.append(" ", span);
      }
    };

    const control = (old, states) => {
      const now = document.createElement(states.length ? "select" : "input");
      for (const name of ["id", "name", "autocomplete", "aria-describedby", "aria-invalid"]) {
        if (old.hasAttribute(name)) now.setAttribute(name, old.getAttribute(name));
      }
      if (!states.length) {
        now.type = "text";
        now.maxLength = 100;
        return now;
      }
      now.add(new Option(form.dataset.choose, ""));
      for (const s of states) now.add(new Option(s, s));
      return now;
    };

    let asked = 0;
    country.addEventListener("change", async () => {
      const turn = ++asked;
      if (!country.value) return;
      try {
        const answer = await fetch(`/assets/states/${encodeURIComponent(country.value)}.json`);
        if (!answer.ok) throw new Error(String(answer.status));
        const rules = await answer.json();
        if (turn !== asked) return;
        const state = form.elements.namedItem("state");
        if (state) {
          const now = control(state, rules.states);
          state.replaceWith(now);
          mark(now, rules.state_required);
        }
        const postal = form.elements.namedItem("postal_code");
        if (postal) mark(postal, rules.postal_required);
      } catch {
        if (button) button.hidden = false;
      }
    });
  }
})();
