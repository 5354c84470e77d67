// The page works with forms alone; this brings dropped files, moves sliders, and copies.
"use strict";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
const slots = () => [...document.querySelectorAll(".slot")];

function size(bytes) {
  return bytes >= 1e6 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`;
}

function bring(slot, file) {
  const told = slot.querySelector(".chosen");
  const bar = slot.querySelector("progress");
  const held = slot.querySelector("input[type=hidden]");
  const text = slot.querySelector("input[type=text]");
  const request = new XMLHttpRequest();
  slot.busy?.abort();
  slot.busy = request;
  held.value = "";
  bar.classList.remove("hidden");
  bar.value = 0;
  told.textContent = `Reading ${file.name}…`;
  request.upload.onprogress = (event) => { bar.value = event.loaded / (event.total || 1); };
  request.onloadend = () => {
    if (slot.busy !== request) return;
    slot.busy = null;
    bar.classList.add("hidden");
    if (request.status === 200) {
      const answer = JSON.parse(request.responseText);
      held.value = answer.file;
      text.value = "";
      told.textContent = `${answer.name}, ${size(answer.size)}`;
    } else {
      told.textContent = request.responseText || "The file could not be read: is preflight still running?";
    }
    slots().some((each) => each.busy) || document.dispatchEvent(new Event("brought"));
  };
  request.open("POST", `/job/files?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("X-CSRF-Token", token());
  request.send(file);
}

function kindOf(file) {
  if (/^image\//.test(file.type) || /\.(jpe?g|png|webp|gif|heic|avif|bmp|tiff?)$/i.test(file.name)) return "image";
  if (/^video\//.test(file.type) || /\.(mp4|m4v|mov|mkv|webm|avi|ts)$/i.test(file.name)) return "video";
  return null;
}

function drop(event) {
  const all = slots();
  if (!all.length || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  const here = event.target.closest?.(".slot");
  const files = [...event.dataTransfer.files].slice(0, 2);
  for (const file of files) {
    const kind = kindOf(file);
    bring(files.length === 1 && here ? here : all.find((each) => each.dataset.kind === kind) || here || all[0], file);
  }
}

document.addEventListener("dragover", (event) => {
  if (!slots().length) return;
  event.preventDefault();
  slots().forEach((each) => each.classList.toggle("over", each === event.target.closest?.(".slot")));
});
document.addEventListener("dragleave", () => slots().forEach((each) => each.classList.remove("over")));
document.addEventListener("drop", (event) => {
  slots().forEach((each) => each.classList.remove("over"));
  drop(event);
});

document.addEventListener("change", (event) => {
  if (event.target.matches(".slot input[type=file]") && event.target.files.length) {
    bring(event.target.closest(".slot"), event.target.files[0]);
    event.target.value = "";
  }
});

document.addEventListener("input", (event) => {
  if (event.target.matches(".slot input[type=text]")) {
    const slot = event.target.closest(".slot");
    slot.querySelector("input[type=hidden]").value = "";
    slot.querySelector(".chosen").textContent = "";
  }
  const part = event.target.closest(".window");
  if (!part) return;
  const [start, length] = part.querySelectorAll("input");
  const begins = Math.min(Number(start.value), Number(part.dataset.clip) - Number(length.min));
  const lasts = Math.min(Number(length.value), Number(part.dataset.clip) - begins);
  part.querySelector(".window-text").textContent = `from ${begins.toFixed(1)} s, ${lasts.toFixed(1)} s long`;
  const kept = part.querySelector(".kept");
  kept?.setAttribute("x", 100 * begins / Number(part.dataset.clip));
  kept?.setAttribute("width", 100 * lasts / Number(part.dataset.clip));
  const clip = document.getElementById("clip");
  if (clip && event.target === start) clip.currentTime = begins;
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent || slots().some((each) => each.busy)) {
    event.preventDefault();
    if (!form.dataset.sent) document.addEventListener("brought", () => form.requestSubmit(), { once: true });
    return;
  }
  form.dataset.sent = "yes";
});
// A page that the browser kept shows its forms as they were: they may be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((each) => delete each.dataset.sent));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
});
