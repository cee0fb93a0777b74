// Brings the page up to date while it is open. Without it the page renews itself now and then.
"use strict";
async function renew() {
  const live = document.getElementById("live");
  try {
    const answer = await fetch("/live", { cache: "no-store" });
    if (answer.ok) {
      live.innerHTML = await answer.text();
      document.body.classList.remove("gone");
    }
  } catch {
    // the demo has ended
    document.body.classList.add("gone");
  }
}
setInterval(renew, 1000);
