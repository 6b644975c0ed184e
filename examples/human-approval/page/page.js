// Shows what waits for a review, and tells the service what is decided. Whatever comes from a
// workflow is put in as text, never as markup.

const EVERY_MS = 2000;

const list = document.getElementById("reviews");
const none = document.getElementById("none");
const problem = document.getElementById("problem");
const status = document.getElementById("status");
const template = document.getElementById("review");
const title = document.getElementById("title");

const OUTCOMES = {
  200: (approved) => (approved ? "Approved." : "Rejected."),
  404: () => "Too late: the workflow does not wait for this review any more.",
  409: () => "Somebody else has decided otherwise.",
};

// Decided here, and perhaps still in a list that was asked for before.
const decided = new Set();

function card(review) {
  const item = template.content.cloneNode(true).firstElementChild;
  item.dataset.id = review.id;
  item.querySelector(".text").textContent = review.text;
  const translation = item.querySelector(".translation");
  translation.textContent = review.translation;
  translation.id = `translation-${review.id}`;
  for (const [name, approved] of [["approve", true], ["reject", false]]) {
    const button = item.querySelector(`.${name}`);
    button.setAttribute("aria-describedby", translation.id);
    button.addEventListener("click", () => decide(item, approved));
  }
  return item;
}

function show(reviews) {
  const waiting = new Map(reviews.map((review) => [review.id, review]));
  for (const item of [...list.children]) {
    // The one that somebody is about to decide stays: the answer will say that it was too late.
    if (!waiting.has(item.dataset.id) && !item.contains(document.activeElement)) item.remove();
    waiting.delete(item.dataset.id);
  }
  for (const review of waiting.values()) {
    if (!decided.has(review.id)) list.append(card(review));
  }
  none.hidden = list.children.length > 0;
}

async function decide(item, approved) {
  const buttons = item.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  status.textContent = "";
  try {
    const response = await fetch(`reviews/${encodeURIComponent(item.dataset.id)}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ approved }),
    });
    const outcome = OUTCOMES[response.status];
    if (!outcome) throw new Error(`the service answered ${response.status}`);
    decided.add(item.dataset.id);
    item.remove();
    none.hidden = list.children.length > 0;
    status.textContent = outcome(approved);
    problem.textContent = "";
    title.focus();
  } catch (error) {
    problem.textContent = `Not sent, please try again: ${error.message}`;
    for (const button of buttons) button.disabled = false;
  }
}

async function refresh() {
  try {
    const response = await fetch("reviews");
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
    show(await response.json());
    problem.textContent = "";
  } catch (error) {
    problem.textContent = `The list is not up to date: ${error.message}`;
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
