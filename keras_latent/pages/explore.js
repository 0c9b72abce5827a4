"use strict";

const element = (id) => document.getElementById(id);
const state = { seed: 0, shifts: {}, units: {} };
let about = null;
let asked = false; // a picture is on its way
let stale = false; // what is shown is older than `state`

async function draw() {
  stale = true;
  if (asked) return;
  asked = true;
  try {
    while (stale) {
      stale = false;
      const answer = await fetch("picture", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(state),
      });
      if (!answer.ok) throw new Error((await answer.json()).error);
      const picture = element("picture");
      const before = picture.src;
      picture.src = URL.createObjectURL(await answer.blob());
      if (before) URL.revokeObjectURL(before);
      element("message").textContent = "";
    }
  } catch (error) {
    element("message").textContent = error.message;
  } finally {
    asked = false;
  }
}

function slider(name, low, high, value, change) {
  const row = document.createElement("div");
  const label = document.createElement("label");
  const range = document.createElement("input");
  const output = document.createElement("output");
  row.className = "row";
  range.id = `range-${name}`;
  label.htmlFor = range.id;
  label.textContent = label.title = name;
  range.type = "range";
  range.min = low;
  range.max = high;
  range.step = (high - low) / 200;
  range.value = value;
  output.textContent = Number(range.value).toFixed(2);
  range.addEventListener("input", () => {
    output.textContent = Number(range.value).toFixed(2);
    change(Number(range.value));
    draw();
  });
  row.append(label, range, output);
  return row;
}

function showDirections() {
  element("directions").replaceChildren(
    ...about.directions.map((name, k) =>
      slider(name, -about.shift, about.shift, 0, (shift) => {
        if (shift === 0) delete state.shifts[k];
        else state.shifts[k] = shift;
      })
    )
  );
}

function addUnit() {
  const unit = Number(element("unit").value);
  if (!Number.isInteger(unit) || !(unit in about.units)) {
    element("message").textContent =
      `Unit must be a whole number from 0 to ${about.units.length - 1}.`;
    return;
  }
  if (unit in state.units) return;
  const [low, high] = about.units[unit];
  state.units[unit] = 0;
  const row = slider(`unit ${unit}`, low, high, 0, (value) => {
    state.units[unit] = value;
  });
  const free = document.createElement("button");
  free.type = "button";
  free.textContent = "Free";
  free.addEventListener("click", () => {
    delete state.units[unit];
    row.remove();
    draw();
  });
  row.append(free);
  element("units").append(row);
  draw();
}

function reset() {
  state.shifts = {};
  state.units = {};
  element("units").replaceChildren();
  showDirections();
  draw();
}

async function start() {
  about = await (await fetch("about")).json();
  element("directions-part").hidden = !about.directions.length;
  element("units-part").hidden = !about.units.length;
  element("nothing").hidden = about.directions.length + about.units.length > 0;
  element("layer").textContent = about.layer;
  element("unit").max = about.units.length - 1;
  element("add").addEventListener("click", addUnit);
  element("reset").addEventListener("click", reset);
  element("other").addEventListener("click", () => {
    state.seed += 1;
    draw();
  });
  reset();
}

start();
