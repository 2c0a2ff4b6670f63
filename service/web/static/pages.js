// Copy buttons, fragments that refresh themselves, and forms that are sent once. Every page works without this file.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // a page without TLS has no clipboard
  }
  button.textContent = "Copied";
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.getAttribute("action") === "/sign-out") for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key);
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
});

async function refresh(part) {
  const answer = await fetch(part.dataset.refresh).catch(() => null);
  if (answer?.ok) part.innerHTML = await answer.text();
  if (!part.querySelector("[data-done]")) setTimeout(refresh, pause(part, 2), part);
}
function pause(part, seconds) {
  return 1000 * (Number(part.dataset.every) || seconds);
}
for (const part of document.querySelectorAll("[data-refresh]")) if (!part.querySelector("[data-done]")) setTimeout(refresh, pause(part, 1), part);
