// What the chat page does in the browser: keep an unsent message, say when the server is gone, follow the newest line.
(() => {
  const PENDING = "rapport-pending"; // of this tab: a message that no answer has come for
  const ALIVE = "/health/live";
  const CHECK_MS = 3000;
  let watching = 0;

  const stored = () => {
    try { return JSON.parse(sessionStorage.getItem(PENDING)); } catch { return null; }
  };
  const box = () => document.querySelector("#box textarea");
  const alive = () => fetch(ALIVE, { cache: "no-store" }).then((answer) => answer.ok, () => false);
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");

  // The same text that is tried again keeps its id, so the server answers it once.
  function stage(text) {
    if (!text || !text.trim()) return "";
    const before = stored();
    const id = before && before.text === text ? before.id : newId();
    sessionStorage.setItem(PENDING, JSON.stringify({ text, id }));
    clearInterval(watching);
    watching = setInterval(async () => { if (!(await alive())) lost(); }, CHECK_MS);
    return id;
  }

  function settled() {
    clearInterval(watching);
    document.getElementById("lost")?.remove();
    if (!document.querySelector("#notice .retry")) sessionStorage.removeItem(PENDING);
    if (!matchMedia("(pointer: coarse)").matches) setTimeout(() => box()?.focus(), 50);
  }

  // After a reload: what was sent and not answered is sent again under its old id.
  function ready() {
    document.documentElement.dataset.ready = "yes";
    resend();
  }

  function resend() {
    const before = stored();
    const field = box();
    if (!before || !field) return;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, before.text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => document.querySelector("#send")?.click(), 60);
  }

  function lost() {
    if (document.getElementById("lost")) return;
    const panel = document.createElement("div");
    panel.id = "lost";
    panel.setAttribute("role", "alert");
    const kept = stored() ? "Your message is kept and will be sent again." : "Nothing you wrote is lost.";
    const words = document.createElement("p");
    words.innerHTML = `<strong>We can't reach the server.</strong> ${kept}`;
    const retry = document.createElement("button");
    retry.textContent = "Try again";
    retry.onclick = async () => {
      retry.disabled = true;
      retry.textContent = "Trying…";
      if (await alive()) location.reload();
      else setTimeout(() => { retry.disabled = false; retry.textContent = "Try again"; }, 600);
    };
    panel.append(words, retry);
    document.body.append(panel);
    retry.focus();
  }

  // Gradio's own calls tell first that nobody is there.
  const ask = window.fetch;
  window.fetch = async (...given) => {
    const address = String(given[0]?.url ?? given[0]);
    const ours = address.includes("/gradio_api/queue/join");
    try {
      const answer = await ask(...given);
      if (ours && answer.status >= 500) lost();
      return answer;
    } catch (error) {
      if (ours) lost();
      throw error;
    }
  };

  // Follow the newest line unless the reader has scrolled up.
  function follow() {
    const pane = document.getElementById("scroller");
    if (!pane) return void setTimeout(follow, 50);
    let stuck = true;
    pane.tabIndex = 0;
    pane.setAttribute("role", "region");
    pane.setAttribute("aria-label", "Conversation");
    pane.addEventListener("scroll", () => { stuck = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80; });
    new MutationObserver(() => { if (stuck) pane.scrollTop = pane.scrollHeight; })
      .observe(pane, { childList: true, subtree: true, characterData: true });
    new ResizeObserver(() => { if (stuck) pane.scrollTop = pane.scrollHeight; }).observe(pane);
  }

  // An empty message goes nowhere: it is stopped before Gradio sees the key or the click.
  const empty = () => !box() || !box().value.trim();
  const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
  for (const name of ["keydown", "keypress"]) {
    document.addEventListener(name, (event) => {
      if (event.key === "Enter" && !event.shiftKey && event.target === box() && empty()) stop(event);
    }, true);
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send") && empty()) stop(event);
  }, true);

  window.rapport = { stage, settled, ready, resend };
  follow();
})();
