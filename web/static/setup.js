// The set-up link carries its token in the URL's fragment, which no server and
// no referrer sees. It leaves the address bar before anything else happens.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);

const form = document.getElementById("form");
const lead = document.getElementById("lead");
const problem = document.getElementById("problem");

if (token) {
  form.hidden = false;
} else {
  lead.textContent = "Open the whole set-up link: it ends in #token=…";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  problem.textContent = "";
  const fields = Object.fromEntries(new FormData(form));
  for (const optional of ["email", "name"]) {
    if (!fields[optional]) delete fields[optional];
  }
  try {
    const answer = await fetch("/api/v1/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, ...fields }),
    });
    if (answer.ok) {
      form.hidden = true;
      lead.textContent = "Done. Your password is set and you are signed in.";
      return;
    }
    const body = await answer.json();
    problem.textContent = body.errors?.map((e) => e.message).join(" ") || body.detail;
  } catch {
    problem.textContent = "The server cannot be reached. Try again.";
  }
  button.disabled = false;
});
