// Brings a page in line with the server whenever something has happened there.
// Without this script a page is as it was when it was opened.
"use strict";
(() => {
  const now = () => document.getElementById("now");
  let asking = false, again = false;
  async function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const res = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!res.ok) return;
      const page = new DOMParser().parseFromString(await res.text(), "text/html");
      const content = document.getElementById("content");
      now().replaceWith(page.getElementById("now"));
      // What somebody is writing stays.
      if (content.contains(document.activeElement) || document.querySelector("iframe") || content.querySelector("textarea")) return;
      content.replaceWith(page.getElementById("content"));
      document.getElementById("live").textContent = "The page shows what has happened since.";
    } catch {
      // The stream tells when the server is there again.
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  }
  const stream = new EventSource("/_clientele/live?state=" + encodeURIComponent(now().dataset.live));
  stream.onmessage = refresh;
  addEventListener("pagehide", () => stream.close());
})();
