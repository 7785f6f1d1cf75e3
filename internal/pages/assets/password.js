// Puts a button beside each password that shows and hides what is written.
// Without it nothing is missing but that.
(() => {
  "use strict";
  for (const input of document.querySelectorAll("input[type=password][data-show]")) {
    const button = document.createElement("button");
    const word = document.createElement("span");
    const what = document.createElement("span");
    const label = document.querySelector(`label[for="${input.id}"]`);
    button.type = "button";
    button.className = "quiet reveal";
    button.setAttribute("aria-controls", input.id);
    what.className = "away";
    what.textContent = label ? ` ${label.textContent}` : "";
    button.append(word, what);
    const turn = (shown) => {
      input.type = shown ? "text" : "password";
      word.textContent = shown ? input.dataset.hide : input.dataset.show;
    };
    turn(false);
    input.spellcheck = false;
    input.autocapitalize = "none";
    button.addEventListener("click", () => turn(input.type === "password"));
    // What is sent is a password: browsers keep it as one and not among texts.
    input.form.addEventListener("submit", () => turn(false));
    const row = document.createElement("div");
    row.className = "secret";
    input.replaceWith(row);
    row.append(input, button);
  }
})();
