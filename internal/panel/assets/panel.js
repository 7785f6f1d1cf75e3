"use strict";
(() => {
  const $ = (s, of = document) => of.querySelector(s);
  const all = (s, of = document) => [...of.querySelectorAll(s)];
  const say = (text) => { const live = $("#live"); if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 60); } };

  // morph has an element become another one, child by child, so that what is the
  // same stays: with its focus, caret, ticks and scroll position.
  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
  const morph = (to, from) => {
    if (to.isEqualNode(from)) return;
    if (to.nodeType !== 1) { if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue; return; }
    for (const { name } of [...to.attributes]) if (!from.hasAttribute(name) && name !== "open") to.removeAttribute(name);
    for (const { name, value } of [...from.attributes]) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
    const typing = to === document.activeElement;
    if (/^(INPUT|TEXTAREA)$/.test(to.nodeName) && !typing && to.type !== "checkbox" && to.type !== "radio") to.value = from.value;
    if (to.nodeName === "OPTION" && to.selected !== from.selected) to.selected = from.selected;
    let at = to.firstChild;
    for (const child of [...from.childNodes]) {
      if (!at) { to.append(document.importNode(child, true)); continue; }
      if (!same(at, child)) {
        // The one with this id may come later: it is brought here.
        const later = child.id && [...to.children].find((c) => c.id === child.id && c.nodeName === child.nodeName);
        if (later) to.insertBefore(later, at);
        else { to.insertBefore(document.importNode(child, true), at); continue; }
        at = later;
      }
      morph(at, child);
      at = at.nextSibling;
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };

  // keep changes a page. If what had the focus is gone then, what is nearest gets it.
  const keep = (change) => {
    const had = document.activeElement, around = [];
    for (let x = had?.parentElement; x && x !== document.body; x = x.parentElement) around.push(x);
    change();
    if (!around.length || had.isConnected) return;
    const next = (x) => all("a[href], button, input, select, textarea, summary", x).find((y) => y.checkVisibility() && !y.disabled && y.tabIndex >= 0);
    for (const x of around) {
      const near = x.isConnected ? x : x.className && document.getElementsByClassName(x.className)[0], to = near && next(near);
      if (to) { to.focus(); return; }
    }
  };

  // swap takes elements by their ids from another address.
  const running = new Map();
  const swap = async (address, ids, how) => {
    running.get(ids)?.abort();
    const stop = new AbortController();
    running.set(ids, stop);
    try {
      const answer = await fetch(address, { signal: stop.signal, headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (stop.signal.aborted) return;
      const next = new DOMParser().parseFromString(text, "text/html");
      const parts = ids.split(" ").map((id) => [document.getElementById(id), next.getElementById(id)]);
      if (!answer.ok || parts.some(([a, b]) => !a || !b)) { if (how !== "late") location.assign(address); return; }
      keep(() => { for (const [a, b] of parts) morph(a, b); });
      count();
      if (how === "late") return;
      document.title = next.title;
      later();
      if (how === "push") history.pushState({ swap: ids }, "", answer.url);
      else if (how) history.replaceState({ swap: ids }, "", answer.url);
      for (const [a] of parts) { const said = $("[data-announce]", a); if (said) say(said.textContent); }
    } catch (e) {
      if (e.name !== "AbortError" && how !== "late") location.assign(address);
    } finally {
      if (running.get(ids) === stop) running.delete(ids);
    }
  };

  // refresh has a form show itself again as the server makes it, after one of its
  // buttons or for what depends on what is written.
  const refresh = async (form, name, value) => {
    const key = "form " + form.id;
    running.get(key)?.abort();
    const stop = new AbortController();
    stop.button = value !== "preview";
    running.set(key, stop);
    const body = new URLSearchParams(new FormData(form));
    body.append(name, value);
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, signal: stop.signal, headers: { Accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(form.id);
      if (stop.signal.aborted) return true;
      if (!answer.ok || answer.redirected || !next) return false;
      keep(() => morph(form, next));
      for (const said of all("[data-announce]", form)) say(said.textContent);
      return true;
    } finally {
      if (running.get(key) === stop) running.delete(key);
    }
  };

  // later fetches what takes longer than its page.
  const later = () => {
    for (const x of all("[data-later]")) {
      const from = x.dataset.later;
      x.removeAttribute("data-later");
      swap(from, x.id, "late");
    }
  };

  // ask shows the page of a question as a dialog.
  const ask = async (link) => {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = next.getElementById("question");
    if (!answer.ok || !question || answer.redirected) { location.assign(link.href); return; }
    const box = document.createElement("dialog");
    const title = document.createElement("h2");
    title.id = "dialog-title";
    title.textContent = question.dataset.title;
    box.setAttribute("aria-labelledby", title.id);
    box.append(title, document.importNode(question, true));
    document.body.append(box);
    box.addEventListener("close", () => { box.remove(); link.focus(); });
    box.addEventListener("click", (e) => {
      if (e.target === box || e.target.closest("[data-cancel]")) { e.preventDefault(); box.close(); }
    });
    box.showModal();
  };

  const plain = (e) => e.button === 0 && !e.metaKey && !e.ctrlKey && !e.shiftKey && !e.altKey && !e.defaultPrevented;
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.("a[href]");
    if (!link || !plain(e)) return;
    if (link.dataset.dialog !== undefined) { e.preventDefault(); ask(link); }
    else if (link.dataset.swap) { e.preventDefault(); swap(link.href, link.dataset.swap, "push"); }
  });
  const address = (form) => {
    const q = new URLSearchParams([...new FormData(form)].filter(([, v]) => v !== ""));
    return form.getAttribute("action").split("?")[0] + (q.size ? "?" + q : "");
  };
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.method !== "get" || !form.dataset.swap || e.defaultPrevented) return;
    e.preventDefault();
    swap(address(form), form.dataset.swap, "push");
  });
  // A form that was sent is not sent again by a second click. Its answer may be a
  // download, after which the page stays.
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.method !== "post" || e.defaultPrevented || e.submitter?.formTarget) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
  document.addEventListener("click", async (e) => {
    const button = e.target.closest?.("form[data-refresh] button[name=refresh]");
    if (!button || !plain(e)) return;
    e.preventDefault();
    const { form, name, value } = button, list = button.closest("fieldset.panel"), more = button.dataset.more !== undefined;
    if (!await refresh(form, name, value).catch((x) => x.name === "AbortError")) { form.noValidate = true; form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value })); form.submit(); return; }
    if (more) $("select, input", all(".lines > li", list).at(-1))?.focus();
    else if (/^drop/.test(value)) $("[data-more]", list)?.focus();
  });
  // What a form shows of itself follows what is written in it.
  let look;
  const preview = (form) => {
    // It would end what a button asks for.
    if (running.get("form " + form.id)?.button) look = setTimeout(preview, 100, form);
    else refresh(form, "refresh", "preview").catch(() => {});
  };
  document.addEventListener("input", (e) => {
    const form = e.target.closest?.("form[data-refresh]"), watch = form && $("[data-watch]", form);
    if (!watch || !watch.dataset.watch.split(" ").some((w) => e.target.name.startsWith(w))) return;
    clearTimeout(look);
    look = setTimeout(preview, e.target.nodeName === "SELECT" ? 0 : 400, form);
  });
  // What others change is fetched as soon as the server tells of it.
  const followed = $("[data-events]");
  if (followed) {
    const source = new EventSource(followed.dataset.events), ids = followed.dataset.swap;
    // What has come to its end follows nothing any more.
    source.onmessage = async () => { await swap(location.href, ids); if (!followed.dataset.events) source.close(); };
    addEventListener("pagehide", () => source.close());
  }
  let noticing;
  document.addEventListener("input", (e) => {
    const from = e.target.dataset?.check;
    if (!from) return;
    clearTimeout(noticing);
    noticing = setTimeout(() => swap(from + "?value=" + encodeURIComponent(e.target.value), "doubts", "late"), 300);
  });
  document.addEventListener("change", (e) => {
    const again = $("button.refresh", e.target.closest?.(".field") ?? document.createElement("i"));
    if (!again || e.target.nodeName !== "SELECT") return;
    if (again.form.dataset.refresh === undefined) again.form.requestSubmit(again); else again.click();
  });
  // Who types fast has a key after this time, of which one question is enough.
  const pause = 50;
  let wait;
  document.addEventListener("input", (e) => {
    const form = e.target.closest?.("form[data-live]");
    if (!form) return;
    clearTimeout(wait);
    wait = setTimeout(() => swap(address(form), form.dataset.swap, "replace"), pause);
  });
  document.addEventListener("change", (e) => {
    const form = e.target.closest?.("form[data-submit]");
    if (form) form.requestSubmit();
  });
  addEventListener("popstate", (e) => {
    if (!e.state?.swap) { location.reload(); return; }
    swap(location.href, e.state.swap);
    for (const form of all("form[data-live]")) for (const x of form.elements) if (x.name && x.type === "search") x.value = new URLSearchParams(location.search).get(x.name) || "";
  });
  if (all("[data-swap]").length) history.replaceState({ swap: $("[data-swap]").dataset.swap }, "");

  later();

  // Rows are ticked one by one, with Shift up to the one ticked before, or all of the
  // page. All that match are those whom the page shows not, too.
  let picked;
  const boxes = () => all("input[name=id][form=select]");
  const count = () => {
    const said = $("[data-picked]"), list = boxes(), page = $("[data-pick-all]");
    if (!said) return;
    const everybody = $("#select input[name=all]")?.checked, n = list.filter((x) => x.checked).length;
    said.textContent = everybody || !n ? "" : said.dataset.picked.replace("{0}", n);
    for (const x of list) x.disabled = !!everybody;
    if (!page) return;
    page.hidden = false;
    const box = $("input", page);
    box.disabled = !!everybody;
    box.checked = n > 0 && n === list.length;
    box.indeterminate = n > 0 && n < list.length;
  };
  document.addEventListener("click", (e) => {
    const x = e.target;
    if (x.matches?.("[data-pick-all] input")) for (const b of boxes()) b.checked = x.checked;
    else if (x.matches?.("input[name=id][form=select]")) {
      const list = boxes(), at = list.indexOf(x), from = list.indexOf(picked);
      if (e.shiftKey && from >= 0) for (const b of list.slice(Math.min(at, from), Math.max(at, from) + 1)) b.checked = x.checked;
      picked = x;
    } else if (!x.matches?.("#select input[name=all]")) return;
    count();
  });
  count();

  // A file can be dragged onto its form.
  for (const form of all("form[data-drop]")) {
    const input = $("input[type=file]", form), place = document.createElement("p");
    place.className = "drop";
    place.textContent = form.dataset.drop;
    input.after(place);
    for (const on of ["dragenter", "dragover"]) form.addEventListener(on, (e) => { e.preventDefault(); form.classList.add("over"); });
    for (const off of ["dragleave", "drop"]) form.addEventListener(off, () => form.classList.remove("over"));
    form.addEventListener("drop", (e) => { e.preventDefault(); if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; say(input.files[0].name); } });
  }

  // Keys.
  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest?.("input, textarea, select, [contenteditable]");
    if ($("dialog[open]") || !(e.key === "/" && !typing || e.key === "k" && (e.ctrlKey || e.metaKey))) return;
    if (palette()) e.preventDefault();
  });

  // The palette searches everything of the store, from everywhere.
  const bar = $("form[data-palette]");
  const palette = () => {
    if (!bar) return false;
    const back = document.activeElement, box = document.createElement("dialog"), form = bar.cloneNode(true), found = document.createElement("div");
    const input = $("input", form);
    form.removeAttribute("data-palette");
    input.id = $("label", form).htmlFor = "palette";
    box.className = "palette";
    box.setAttribute("aria-label", bar.getAttribute("aria-label"));
    box.append(form, found);
    document.body.append(box);
    let later, stop;
    const ask = async () => {
      clearTimeout(later);
      stop?.abort();
      stop = new AbortController();
      const answer = await fetch(address(form), { signal: stop.signal, headers: { Accept: "text/html" } }).then((a) => a.text());
      const next = new DOMParser().parseFromString(answer, "text/html").getElementById("found");
      if (!next) return;
      found.replaceChildren(...[...next.childNodes].map((n) => document.importNode(n, true)));
      say($("[data-announce]", found)?.textContent || "");
    };
    const soon = () => ask().catch(() => {});
    input.addEventListener("input", () => { clearTimeout(later); later = setTimeout(soon, pause); });
    box.addEventListener("close", () => { stop?.abort(); box.remove(); back?.focus(); });
    box.addEventListener("click", (e) => { if (e.target === box) box.close(); });
    box.addEventListener("keydown", async (e) => {
      const links = all("a[href]", found), at = links.indexOf(document.activeElement);
      if (e.key === "ArrowDown") { e.preventDefault(); links[(at + 1) % links.length]?.focus(); }
      else if (e.key === "ArrowUp") { e.preventDefault(); (at > 0 ? links[at - 1] : at === 0 ? input : links.at(-1))?.focus(); }
      else if (e.key === "Enter" && e.target === input) {
        e.preventDefault();
        await ask().catch(() => {});
        const first = $("a[href]", found);
        if (first && (e.ctrlKey || e.metaKey)) open(first.href); else if (first) location.assign(first.href);
      }
    });
    box.showModal();
    input.focus();
    soon();
    return true;
  };
  bar?.addEventListener("pointerdown", (e) => { e.preventDefault(); palette(); });
  // Buttons that copy a text.
  for (const x of all("[data-copy], [data-print]")) x.hidden = false;
  document.addEventListener("click", (e) => {
    if (e.target.closest?.("[data-print]")) print();
    const x = e.target.closest?.("[data-copy]");
    if (x) navigator.clipboard?.writeText(x.dataset.copy).then(() => say(x.dataset.copied), () => {});
  });

  // A text that is written: its preview follows what was changed, and placeholders go
  // where one writes.
  const draft = $("[data-draft]");
  if (draft) {
    let last = $("textarea", draft);
    const preview = $("[data-preview]", draft);
    draft.addEventListener("focusin", (e) => { if (e.target.matches("textarea, input[type=text]")) last = e.target; });
    draft.addEventListener("change", () => draft.requestSubmit(preview));
    for (const x of all("[data-insert]")) {
      x.hidden = false;
      x.previousElementSibling.hidden = true;
      x.addEventListener("click", () => {
        last.setRangeText(x.dataset.insert, last.selectionStart, last.selectionEnd, "end");
        last.focus();
      });
    }
  }

  // Lines that have an order are dragged into another one.
  for (const list of all("[data-order]")) {
    let dragged;
    for (const x of list.children) x.draggable = true;
    list.addEventListener("dragstart", (e) => {
      dragged = e.target.closest("li");
      e.dataTransfer.effectAllowed = "move";
      dragged.classList.add("dragged");
    });
    list.addEventListener("dragover", (e) => {
      const over = e.target.closest("[data-order] > li");
      if (!dragged || !over) return;
      e.preventDefault();
      if (over === dragged) return;
      const box = over.getBoundingClientRect();
      list.insertBefore(dragged, e.clientY > box.top + box.height / 2 ? over.nextSibling : over);
    });
    list.addEventListener("drop", (e) => e.preventDefault());
    list.addEventListener("dragend", () => {
      dragged.classList.remove("dragged");
      dragged = null;
      list.closest("form").requestSubmit();
    });
  }

  // A way back is offered for ten seconds.
  const undo = $("[data-toast] form");
  if (undo) setTimeout(() => { if (!undo.contains(document.activeElement)) undo.remove(); }, 10000);

  // A form that waited for a proof is sent on.
  const again = $("[data-again] form");
  if (again) again.requestSubmit();

  // Passkeys.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const send = async (path, body) => {
    const answer = await fetch("/manage/passkey/" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || answer.statusText);
    return said;
  };
  const ceremony = async (box) => {
    const what = box.dataset.passkey;
    const { token, options } = await send("options", { for: what });
    const key = options.publicKey;
    key.challenge = bytes(key.challenge);
    if (key.user) key.user.id = bytes(key.user.id);
    for (const list of [key.excludeCredentials, key.allowCredentials]) for (const c of list || []) c.id = bytes(c.id);
    const made = await (what === "make" ? navigator.credentials.create({ publicKey: key }) : navigator.credentials.get({ publicKey: key }));
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (made.response[name]) response[name] = text(made.response[name]);
    if (made.response.getTransports) response.transports = made.response.getTransports();
    const said = await send("answer", {
      for: what, token, to: box.dataset.to || "", name: $("[name=passkey_name]", box)?.value || "",
      answer: { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: made.getClientExtensionResults() },
    });
    if (!said.codes) { location.assign(said.to); return; }
    $("pre", box).textContent = said.codes.split(" ").join("\n");
    $(".inline", box).hidden = true;
    $(".made", box).hidden = false;
    $(".made a", box).focus();
  };
  if (window.PublicKeyCredential) for (const box of all("[data-passkey]")) {
    box.hidden = false;
    $("button", box).addEventListener("click", async () => {
      const wrong = $(".wrong", box);
      wrong.hidden = true;
      try { await ceremony(box); } catch (e) {
        if (e.name === "AbortError") return;
        wrong.textContent = e instanceof DOMException ? box.dataset.failed : e.message;
        wrong.hidden = false;
      }
    });
  }
})();
