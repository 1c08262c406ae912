// Puts the page together: the map, the pace of the positions, the hint and the list of vehicles.

import { Feed } from '/feed.js';
import { TownMap } from '/map.js';

const find = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

// Positions older than this are called late, and stale after that, in ms.
const LATE = 2500;
const STALE = 5000;
const BARS = 32;

const seconds = (ms) => (ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);
const length = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : seconds(ms));

const map = new TownMap(find('map'));
const began = performance.now();
const waits = [];
const rows = new Map();
let updated = null; // when the last report came
let degraded = null; // why the last report came without drivers
let trouble = null;
let lagged = false;
let state = 'waiting';

const positions = new Feed('/api/positions', {
  answer(report, waited) {
    updated = performance.now();
    trouble = null;
    degraded = report.drivers === 'known' ? null : report.drivers.replace(/^unknown: /, '');
    waits.push(waited);
    waits.splice(0, waits.length - BARS);
    map.show(report.vehicles);
    for (const vehicle of report.vehicles) describe(vehicle);
    find('drivers').textContent = degraded
      ? `Drivers are unknown: ${degraded}. The names below are the last ones known.`
      : 'The driver monitor answered; all drivers are known.';
    drawWaits();
  },
  trouble(text) {
    trouble = text;
  },
});

const telemetry = new Feed('/api/telemetry', {
  answer(report) {
    find('telemetry').textContent = 'telemetry is live';
    find('telemetry').classList.add('on');
    for (const reading of report.readings) measure(reading);
  },
  trouble(text) {
    find('telemetry').textContent = `telemetry: ${text}`;
    find('telemetry').classList.remove('on');
  },
});

function row(id) {
  if (rows.has(id)) return rows.get(id);
  const tr = document.createElement('tr');
  tr.innerHTML = '<th scope="row"><span class="name"></span><span class="driver">driver not known yet</span></th>'
    + '<td class="speed"></td><td class="fuel"><meter min="0" max="100" low="30" optimum="100"></meter></td><td class="heat"></td>';
  tr.querySelector('.name').textContent = id;
  find('vehicles').append(tr);
  const cells = Object.fromEntries(
    ['name', 'driver', 'speed', 'heat'].map((name) => [name, tr.querySelector(`.${name}`)]),
  );
  rows.set(id, { tr, ...cells, meter: tr.querySelector('meter') });
  return rows.get(id);
}

function describe(vehicle) {
  const cells = row(vehicle.id);
  if (vehicle.driver) {
    const hurried = vehicle.driver.manner === 'hurried' ? ' · hurried' : '';
    cells.driver.textContent = vehicle.driver.name + hurried;
  }
  cells.driver.classList.toggle('old', !vehicle.driver);
}

function measure(reading) {
  const cells = row(reading.vehicle);
  cells.tr.dataset.kind = reading.kind;
  cells.name.textContent = reading.name;
  cells.speed.textContent = Math.round(reading.speed_kmh);
  cells.heat.textContent = `${Math.round(reading.engine_celsius)} °C`;
  cells.meter.value = reading.fuel_percent;
  cells.meter.title = `${Math.round(reading.fuel_percent)} %`;
  cells.meter.textContent = cells.meter.title;
}

// From 50 ms to 60 s on a logarithmic scale, so that a second and a minute both show.
const height = (ms) => 66 * Math.min(1, Math.max(0.04, Math.log10(Math.max(ms, 50) / 50) / Math.log10(1200)));
const pace = (ms) => (ms > STALE ? 'stale' : ms > LATE ? 'late' : 'live');

function bar(index, ms, kind) {
  const rect = document.createElementNS(SVG, 'rect');
  const tall = height(ms);
  const place = { x: 24 + index * 9.2, y: 76 - tall, width: 6.6, height: tall, rx: 2, class: `${kind} ${pace(ms)}` };
  for (const [key, value] of Object.entries(place)) rect.setAttribute(key, value);
  return rect;
}

function drawWaits() {
  const chart = find('waits');
  chart.replaceChildren();
  for (const [ms, name] of [[100, '0.1'], [1000, '1 s'], [10000, '10 s']]) {
    const y = 76 - height(ms);
    const text = document.createElementNS(SVG, 'text');
    text.setAttribute('x', 19);
    text.setAttribute('y', y + 3);
    text.textContent = name;
    const rule = document.createElementNS(SVG, 'path');
    rule.setAttribute('d', `M24 ${y}h296`);
    chart.append(rule, text);
  }
  waits.forEach((ms, index) => chart.append(bar(index, ms, 'done')));
  const last = waits.length ? `The last of ${waits.length} requests took ${length(waits.at(-1))}` : 'No answer yet';
  chart.setAttribute('aria-label', last);
}

// The bar of the request that is still under way grows at the right end.
function drawWaiting(now) {
  const chart = find('waits');
  chart.querySelector('.waiting')?.remove();
  const since = positions.waitingSince;
  const late = since !== null && now - since > LATE;
  const last = waits.length ? length(waits.at(-1)) : '…';
  find('took-name').textContent = late ? 'this request takes' : 'last request took';
  find('took').textContent = late ? `${seconds(now - since)} …` : last;
  if (since !== null && now - since > 300) {
    chart.append(bar(Math.min(waits.length, BARS - 1), now - since, 'waiting'));
  }
}

const WORDS = { waiting: 'waiting for the first positions', live: 'live', late: 'late', stale: 'standing still' };

function judge(now) {
  const age = now - (updated ?? began);
  const next = updated === null && age < STALE ? 'waiting' : pace(age);
  if (next === 'stale') lagged = true;
  if (next !== state) {
    state = next;
    document.body.dataset.state = state;
    find('state').textContent = WORDS[state];
  } else if (find('state').textContent === 'connecting') {
    find('state').textContent = WORDS[state];
  }
  // Shared by all vehicles: how far the colours have faded, from fresh to grey.
  const fade = Math.min(1, Math.max(0, (age - LATE) / 9000));
  find('map').style.setProperty('--fade', fade.toFixed(2));
  find('updated').textContent = updated === null ? 'none yet' : `${length(Math.floor(age / 100) * 100)} ago`;
  const banner = find('age');
  banner.hidden = age < LATE;
  banner.textContent = updated === null
    ? `waiting for the first positions for ${Math.round(age / 1000)} s`
    : `positions are ${Math.round(age / 1000)} s old`;
  if (trouble) banner.textContent += ` (${trouble})`;
}

function advise() {
  const steady = waits.length > 2 && waits.slice(-3).every((ms) => ms < LATE);
  const cured = steady && degraded !== null && state === 'live';
  if (cured) {
    advice('cured', 'Moving again',
      'The gateway stops waiting for the driver monitor in time and the tracker goes on without drivers’ names. Positions come every second.');
  } else if (lagged && !(steady && state === 'live')) {
    advice('ill', 'Why nothing moves',
      'The driver monitor hangs, and the position tracker waits for it. In config/default.yaml, give the route “staff” this line (it is there already, behind a #), save the file, and watch the map.');
  } else {
    find('hint').hidden = true;
  }
}

function advice(kind, title, text) {
  const hint = find('hint');
  if (!hint.hidden && hint.dataset.kind === kind) return;
  hint.hidden = false;
  hint.dataset.kind = kind;
  find('hint-title').textContent = title;
  find('hint-text').textContent = text;
  find('hint-code').hidden = kind === 'cured';
}

function frame(now) {
  map.frame(now);
  requestAnimationFrame(frame);
}

async function drawTown() {
  try {
    const response = await fetch('/map.json');
    map.drawTown(await response.json());
    requestAnimationFrame(frame);
  } catch {
    setTimeout(drawTown, 1000);
  }
}

drawWaits();
await drawTown();
positions.start();
telemetry.start();
setInterval(() => {
  const now = performance.now();
  judge(now);
  advise();
  drawWaiting(now);
}, 100);
