// Brings a dropped or chosen manifest to the server, and opens its run.
"use strict";

const place = document.getElementById("drop");
const told = document.getElementById("told");
const bar = place.querySelector("progress");
let request = null;

function bring(file) {
  if (request) return;
  request = new XMLHttpRequest();
  bar.classList.remove("hidden");
  told.textContent = `Reading ${file.name}…`;
  request.upload.onprogress = (event) => { bar.value = event.loaded / (event.total || 1); };
  request.onloadend = () => {
    const answer = request;
    request = null;
    bar.classList.add("hidden");
    if (answer.status === 200) location.assign(JSON.parse(answer.responseText).run);
    else told.textContent = answer.responseText || "The file could not be read: is preflight still running?";
  };
  const pictures = document.getElementById("pictures").checked ? "&pictures=yes" : "";
  request.open("POST", `/runs/drop?name=${encodeURIComponent(file.name)}${pictures}`);
  request.setRequestHeader("X-CSRF-Token", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"]);
  request.send(file);
}

document.getElementById("manifest").addEventListener("change", (event) => {
  if (event.target.files.length) bring(event.target.files[0]);
  event.target.value = "";
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  place.classList.add("over");
});
document.addEventListener("dragleave", () => place.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  place.classList.remove("over");
  if (event.dataTransfer?.files.length) bring(event.dataTransfer.files[0]);
});
