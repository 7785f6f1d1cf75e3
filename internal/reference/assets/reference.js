// Filters the indexes as one types, sends requests from the pages of
// operations and queries from the editor. Everything else works without it.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);

  // An index shows what has all words of the filter.
  const index = one("[data-index]");
  const filter = one(".finder input");
  if (index && filter && !new URLSearchParams(location.search).get("q")) {
    const found = one("#found");
    const button = one(".finder button");
    button.hidden = true;
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const group of all("section", index)) {
        let some = 0;
        for (const item of all("[data-words]", group)) {
          const fits = words.every((w) => item.dataset.words.includes(w));
          item.hidden = !fits;
          if (fits) some++;
        }
        group.hidden = !some;
        n += some;
      }
      found.textContent = words.length ? `${n} of ${found.dataset.of} ${found.dataset.what}` : `${found.dataset.of} ${found.dataset.what}`;
    };
    filter.addEventListener("input", apply);
    filter.form.addEventListener("submit", (e) => {
      e.preventDefault();
      const first = all("[data-words]:not([hidden]) a", index).find((a) => a.offsetParent);
      if (first && filter.value.trim()) first.focus();
    });
    apply();
  }

  for (const figure of all("[data-copy]")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one("code", figure).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    one("figcaption", figure).append(button);
  }

  // A token for this page, made once at a time.
  const tokens = (path, headers) => {
    let asked = null;
    return (body) => {
      asked ??= fetch(path, { method: "POST", headers: { "X-Clientele-Docs": "1", ...headers }, body })
        .then(async (answer) => {
          const text = await answer.json();
          if (!answer.ok) throw new Error(text.title || `${answer.status}`);
          return text;
        })
        .finally(() => { asked = null; });
      return asked;
    };
  };

  const pretty = (text, kind) => {
    if (!text) return "(no body)";
    if (!/json/.test(kind || "")) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };

  const classes = [["k", /^"(?:[^"\\]|\\.)*"(?=:)/], ["s", /^"(?:[^"\\]|\\.)*"/], ["n", /^-?\d[\d.eE+-]*/], ["l", /^(?:true|false|null)\b/]];
  const paint = (code, text) => {
    code.replaceChildren();
    let plain = "";
    const flush = () => { if (plain) code.append(plain); plain = ""; };
    if (text.length > 200000) { code.append(text); return; }
    for (let rest = text; rest;) {
      const hit = classes.map(([name, r]) => [name, r.exec(rest)]).find(([, m]) => m);
      if (!hit) {
        const skip = /^[^"\w-]+|^./s.exec(rest)[0];
        plain += skip;
        rest = rest.slice(skip.length);
        continue;
      }
      flush();
      const span = document.createElement("span");
      span.className = hit[0];
      span.textContent = hit[1][0];
      code.append(span);
      rest = rest.slice(hit[1][0].length);
    }
    flush();
  };

  const send = async (form, url, init) => {
    const result = one(".result", form);
    const line = one(".status-line", result);
    const code = one("code", result);
    result.hidden = false;
    line.textContent = "Sending…";
    const start = performance.now();
    try {
      const answer = await fetch(url, init);
      const text = await answer.text();
      const ms = Math.round(performance.now() - start);
      line.textContent = answer.type === "opaqueredirect" ? "A redirect, which a page cannot look into" : `${answer.status} ${answer.statusText} · ${ms} ms · ${new TextEncoder().encode(text).length} bytes`;
      result.dataset.status = answer.status;
      const kind = answer.headers.get("Content-Type");
      const shown = pretty(text, kind);
      if (/json/.test(kind || "")) paint(code, shown); else code.textContent = shown;
    } catch (e) {
      line.textContent = `No answer: ${e.message}`;
      code.textContent = "";
    }
    result.scrollIntoView({ block: "nearest" });
  };

  for (const form of all("form[data-try]")) {
    form.hidden = false;
    const { method, path, sends, answers } = form.dataset;
    const hash = one("#try-store", form);
    const token = one("#try-token", form);
    const note = one("#try-note", form);
    const ask = form.dataset.token ? tokens(form.dataset.token, { "Content-Type": "application/json" }) : null;
    let made = "";
    const fill = async () => {
      if (!ask || (token.value && token.value !== made)) return;
      try {
        const key = await ask(JSON.stringify({ store_hash: hash.value.trim() }));
        if (token.value && token.value !== made) return;
        if (!hash.value) hash.value = key.store_hash;
        token.value = made = key.token;
        one("#try-stores", form).replaceChildren(...(key.stores || []).map((h) => new Option(h)));
        note.textContent = `A token of this page's own, good until ${new Date(key.expires_at * 1000).toLocaleTimeString()}.`;
      } catch (e) {
        note.textContent = `No token could be made: ${e.message}. Paste one of an API account.`;
      }
    };
    if (ask) {
      fill();
      hash.addEventListener("change", fill);
    }
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      if (ask && !token.value) await fill();
      const query = new URLSearchParams();
      const headers = {};
      let to = path;
      if (hash) to = to.replace("{store_hash}", encodeURIComponent(hash.value.trim()));
      for (const input of all("[data-in]", form)) {
        const { in: where } = input.dataset;
        if (where === "path") to = to.replace(`{${input.name}}`, encodeURIComponent(input.value));
        else if (input.value && where === "query") query.set(input.name, input.value);
        else if (input.value) headers[input.name] = input.value;
      }
      if (token) headers["X-Auth-Token"] = token.value.trim();
      if (answers) headers.Accept = answers;
      const body = one("#try-body", form);
      const init = { method, headers, redirect: "manual", cache: "no-store" };
      if (body && body.value) {
        init.body = body.value;
        headers["Content-Type"] = sends;
      }
      await send(form, to + (String(query) ? `?${query}` : ""), init);
    });
  }

  const editor = one("form[data-graphql]");
  if (editor) {
    for (const e of all(".scripted", editor)) e.hidden = false;
    const query = one("#query", editor);
    const lines = one(".lines", editor);
    const variables = one("#variables", editor);
    const token = one("#gql-token", editor);
    const note = one("#gql-note", editor);
    const faults = one("[data-faults]");
    const ask = editor.dataset.token ? tokens(editor.dataset.token) : null;
    const number = (bad = new Set()) => {
      const n = Math.max(query.value.split("\n").length, 12);
      query.rows = n;
      lines.replaceChildren(...Array.from({ length: n }, (_, i) => {
        const li = document.createElement("li");
        li.textContent = i + 1;
        if (bad.has(i + 1)) li.className = "bad-line";
        return li;
      }));
    };
    query.addEventListener("input", () => number());
    const make = async () => {
      try {
        const key = await ask();
        token.value = key.token;
        note.textContent = `For the store ${key.store_hash}, good until ${new Date(key.expires_at * 1000).toLocaleTimeString()}.`;
        return true;
      } catch (e) {
        note.textContent = `No token could be made: ${e.message}.`;
        return false;
      }
    };
    one("[data-make]", editor)?.addEventListener("click", make);
    const go = async () => {
      if (!token.value && ask && !(await make())) return;
      let values;
      try {
        values = variables.value.trim() ? JSON.parse(variables.value) : undefined;
      } catch (e) {
        tell("error", `The variables are no JSON: ${e.message}`, []);
        return;
      }
      await send(editor, "/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token.value.trim()}` },
        body: JSON.stringify({ query: query.value, variables: values }),
      });
    };
    one("[data-send]", editor).addEventListener("click", go);
    editor.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); go(); }
    });
    const tell = (kind, text, list) => {
      const box = document.createElement("div");
      box.className = `notice ${kind}`;
      box.setAttribute("role", kind === "error" ? "alert" : "status");
      const p = document.createElement("p");
      p.textContent = text;
      box.append(p);
      if (list.length) {
        const ul = document.createElement("ul");
        for (const f of list) {
          const li = document.createElement("li");
          if (f.line) {
            const at = document.createElement("button");
            at.type = "button";
            at.className = "at";
            at.textContent = `Line ${f.line}, column ${f.column}`;
            at.addEventListener("click", () => {
              const start = query.value.split("\n").slice(0, f.line - 1).reduce((n, l) => n + l.length + 1, 0) + f.column - 1;
              query.focus();
              query.setSelectionRange(start, start);
            });
            li.append(at, ": ");
          }
          li.append(f.message);
          ul.append(li);
        }
        box.append(ul);
      }
      faults.replaceChildren(box);
    };
    editor.addEventListener("submit", async (e) => {
      e.preventDefault();
      try {
        const answer = await fetch(editor.action, {
          method: "POST",
          headers: { Accept: "application/json" },
          body: new URLSearchParams({ query: query.value, variables: variables.value }),
        });
        const text = await answer.json();
        if (!answer.ok || text.refused) {
          tell("error", text.refused || text.title, []);
          return;
        }
        query.value = text.query;
        number(new Set(text.faults.map((f) => f.line)));
        if (text.faults.length) tell("error", "This query will be refused:", text.faults);
        else tell("success", "The query fits the schema.", []);
        query.setAttribute("aria-invalid", String(text.faults.length > 0));
      } catch (err) {
        tell("error", `No answer: ${err.message}`, []);
      }
    });
    number(new Set(all(".bad-line", lines).map((li) => Number(li.textContent))));
  }
})();
