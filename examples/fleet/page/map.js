// Draws the town once, and the vehicles sixty times a second.

const SVG = 'http://www.w3.org/2000/svg';
// Between two reports a vehicle glides for as long as reports are apart when all is well.
const GLIDE = 1100;
// Further than anyone drives in that time: after a long silence vehicles appear, they do not fly.
const JUMP = 70;
const TRAIL = 14;

function draw(parent, name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

const line = (points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`;

export class TownMap {
  #svg;
  #vehicles = new Map();
  #trails;
  #fleet;
  #calm = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(svg) {
    this.#svg = svg;
  }

  drawTown(town) {
    const ground = draw(this.#svg, 'g', { class: 'town' });
    for (const park of town.parks) {
      draw(ground, 'ellipse', { class: 'park', cx: park.x, cy: park.y, rx: park.rx, ry: park.ry });
    }
    draw(ground, 'path', { class: 'bank', d: line(town.river.points) });
    draw(ground, 'path', { class: 'river', d: line(town.river.points) });
    const houses = town.houses.map(([x, y, w, h]) => `M${x} ${y}h${w}v${h}h${-w}z`).join('');
    draw(ground, 'path', { class: 'houses', d: houses });
    const lanesFirst = [...town.roads].sort((a, b) => a.main - b.main);
    for (const layer of ['casing', 'road']) {
      for (const road of lanesFirst) {
        draw(ground, 'path', { class: `${layer} ${road.main ? 'main' : 'lane'}`, d: line(road.points) });
      }
    }
    for (const road of town.roads.filter((each) => each.main)) {
      draw(ground, 'path', { class: 'middle', d: line(road.points) });
    }
    for (const [cx, cy, r] of town.trees) draw(ground, 'circle', { class: 'tree', cx, cy, r });
    this.#nameRoads(ground, town);
    for (const park of town.parks) {
      draw(ground, 'text', { class: 'park-name', x: park.x, y: park.y + 4 }, park.name);
    }
    this.#trails = draw(this.#svg, 'g', { class: 'trails' });
    this.#fleet = draw(this.#svg, 'g', { class: 'fleet' });
  }

  #nameRoads(ground, town) {
    const defs = draw(ground, 'defs');
    town.roads.forEach((road, index) => {
      if (!road.main) return;
      draw(defs, 'path', { id: `road-${index}`, d: line(road.points) });
      const text = draw(ground, 'text', { class: 'road-name', dy: 3.5 });
      draw(text, 'textPath', { href: `#road-${index}`, startOffset: road.closed ? '17%' : '33%' }, road.name);
    });
    const river = draw(ground, 'text', { class: 'river-name', dy: 5 });
    draw(defs, 'path', { id: 'river', d: line(town.river.points) });
    draw(river, 'textPath', { href: '#river', startOffset: '41%' }, 'River Lenne');
  }

  // Takes a report of the position tracker.
  show(report) {
    if (!this.#fleet) return;
    const now = performance.now();
    for (const each of report) {
      const vehicle = this.#vehicles.get(each.id) ?? this.#appear(each);
      const far = Math.hypot(each.x - vehicle.to.x, each.y - vehicle.to.y) > JUMP;
      vehicle.from = far || this.#calm.matches ? each : { ...vehicle.at };
      vehicle.to = each;
      vehicle.since = now;
      if (far) {
        vehicle.trail = [];
        vehicle.group.classList.remove('appear');
        vehicle.group.getBoundingClientRect(); // lets the animation start anew
        vehicle.group.classList.add('appear');
      }
      vehicle.trail.push([each.x, each.y]);
      vehicle.trail.splice(0, vehicle.trail.length - TRAIL);
      vehicle.path.setAttribute('d', line(vehicle.trail));
    }
  }

  #appear(each) {
    const group = draw(this.#fleet, 'g', { class: 'vehicle appear', 'data-kind': each.kind });
    const body = draw(group, 'g', { class: 'body' });
    const long = { bus: 17, truck: 15, van: 12 }[each.kind] ?? 12;
    draw(body, 'rect', { class: 'hull', x: -long, y: -7.5, width: long * 2, height: 15, rx: 4.5 });
    draw(body, 'rect', { class: 'glass', x: long - 8, y: -5, width: 4.5, height: 10, rx: 1.6 });
    if (each.kind === 'truck') draw(body, 'path', { class: 'seam', d: `M${long - 12} -7v14` });
    if (each.kind === 'bus') draw(body, 'path', { class: 'seam', d: `M${4 - long} 0h${2 * long - 16}` });
    const label = draw(group, 'g', { class: 'label' });
    const width = each.name.length * 7.4 + 14;
    draw(label, 'rect', { x: -width / 2, y: -34, width, height: 19, rx: 9.5 });
    draw(label, 'text', { x: 0, y: -20.5 }, each.name);
    const path = draw(this.#trails, 'path', { class: 'trail', 'data-kind': each.kind });
    const vehicle = { group, body, path, from: each, to: each, at: each, since: 0, trail: [] };
    this.#vehicles.set(each.id, vehicle);
    return vehicle;
  }

  // Puts every vehicle where it is between its last two reports.
  frame(now) {
    for (const vehicle of this.#vehicles.values()) {
      const share = Math.min(1, (now - vehicle.since) / GLIDE);
      const { from, to } = vehicle;
      const turn = ((to.heading - from.heading + 540) % 360) - 180;
      const at = {
        x: from.x + (to.x - from.x) * share,
        y: from.y + (to.y - from.y) * share,
        heading: from.heading + turn * Math.min(1, share * 1.6),
      };
      vehicle.at = at;
      vehicle.group.setAttribute('transform', `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`);
      vehicle.body.setAttribute('transform', `rotate(${at.heading.toFixed(1)})`);
    }
  }
}
