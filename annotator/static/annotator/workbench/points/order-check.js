/**
 * The quiet check "left and right?": does the pattern of answers on the surface turn the same way as on the photograph?
 *
 * A photograph shows a surface from outside, never from within, so three neighbouring points must run the same way round
 * on both. And neighbours on the photograph face the camera together: an answer whose surface looks away from that of
 * its neighbours has jumped to the other side. Nothing is blocked by this; it only marks a point.
 */

import { cross, dot, minus, unit } from "./camera.js";

/** @typedef {import("./camera.js").Vector3} Vector3 */

/**
 * @typedef {object} PlacedPoint
 * @property {string} key
 * @property {number} x on the photograph, px
 * @property {number} y
 * @property {Vector3} position on the surface, metres
 * @property {Vector3} normal outward, unit length
 * @property {number} turn when it was answered: a larger number is later
 */

/** How many neighbours on the photograph each point is compared with. */
const N_NEIGHBOURS = 4;
/** Triangles flatter than this (height over longest side, roughly) say nothing about their sense. */
const FLAT = 0.2;
/** Neighbours whose normals differ by more than about 107 degrees cannot both face one camera nearby. */
const TURNED_AWAY = -0.3;

/**
 * Which placed points of one part deserve a second look.
 * @param {PlacedPoint[]} points all of one part
 * @returns {Set<string>} their keys
 */
export function doubtfulPoints(points) {
  return new Set([...mirrored(points), ...turnedAway(points)]);
}

/**
 * Points whose removal makes the sense of the triangles agree: the worst offender first, until no triangle is left over.
 * @param {PlacedPoint[]} points @returns {string[]}
 */
function mirrored(points) {
  let votes = triangleVotes(points);
  /** @type {string[]} */
  const found = [];
  for (;;) {
    const worst = worstOffender(points, votes);
    if (!worst) return found;
    found.push(worst.key);
    votes = votes.filter((vote) => !vote.keys.includes(worst.key));
  }
}

/** @typedef {{ keys: string[], isMirrored: boolean }} Vote */

/** @param {PlacedPoint[]} points @param {Vote[]} votes @returns {PlacedPoint | null} */
function worstOffender(points, votes) {
  /** @type {PlacedPoint | null} */
  let worst = null;
  let worstShare = 0;
  for (const point of points) {
    const own = votes.filter((vote) => vote.keys.includes(point.key));
    const share = own.length ? own.filter((vote) => vote.isMirrored).length / own.length : 0;
    // At a tie the later answer is the likelier slip.
    if (share > worstShare || (share > 0 && share === worstShare && worst && point.turn > worst.turn)) {
      worst = point;
      worstShare = share;
    }
  }
  return worstShare >= 0.5 ? worst : null;
}

/** @param {PlacedPoint[]} points @returns {Vote[]} one for each telling triangle of neighbours */
function triangleVotes(points) {
  /** @type {Map<string, Vote>} */
  const votes = new Map();
  for (const point of points) {
    const near = neighbours(point, points);
    for (let i = 0; i < near.length; i += 1) {
      for (let j = i + 1; j < near.length; j += 1) {
        const corners = [point, near[i], near[j]];
        const id = corners.map((corner) => corner.key).sort().join("\n");
        if (votes.has(id)) continue;
        const sense = senseOnPhoto(corners) * senseOnSurface(corners);
        if (sense !== 0) votes.set(id, { keys: corners.map((corner) => corner.key), isMirrored: sense < 0 });
      }
    }
  }
  return [...votes.values()];
}

/** @param {PlacedPoint} point @param {PlacedPoint[]} points @returns {PlacedPoint[]} nearest first */
export function neighbours(point, points) {
  const square = (/** @type {PlacedPoint} */ other) => (other.x - point.x) ** 2 + (other.y - point.y) ** 2;
  return points
    .filter((other) => other.key !== point.key)
    .sort((a, b) => square(a) - square(b))
    .slice(0, N_NEIGHBOURS);
}

/** @param {PlacedPoint[]} corners @returns {number} 1 clockwise as seen, -1 the other way, 0 too flat to say */
function senseOnPhoto([a, b, c]) {
  const area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  const longest = Math.max(
    (b.x - a.x) ** 2 + (b.y - a.y) ** 2,
    (c.x - a.x) ** 2 + (c.y - a.y) ** 2,
    (c.x - b.x) ** 2 + (c.y - b.y) ** 2,
  );
  return Math.abs(area) < FLAT * longest ? 0 : Math.sign(area);
}

/** @param {PlacedPoint[]} corners @returns {number} as above, seen from outside the surface */
function senseOnSurface([a, b, c]) {
  const [ab, ac, bc] = [minus(b.position, a.position), minus(c.position, a.position), minus(c.position, b.position)];
  const outward = unit([
    a.normal[0] + b.normal[0] + c.normal[0],
    a.normal[1] + b.normal[1] + c.normal[1],
    a.normal[2] + b.normal[2] + c.normal[2],
  ]);
  // The photograph's y runs down, so what is clockwise there turns negatively about the outward normal.
  const area = -dot(outward, cross(ab, ac));
  const longest = Math.max(dot(ab, ab), dot(ac, ac), dot(bc, bc));
  return Math.abs(area) < FLAT * longest ? 0 : Math.sign(area);
}

/**
 * Points that face away from their three nearest neighbours while these agree with one another.
 * @param {PlacedPoint[]} points @returns {string[]}
 */
function turnedAway(points) {
  return points
    .filter((point) => {
      const near = neighbours(point, points).slice(0, 3);
      const agree = near.every((other) => near.every((another) => dot(other.normal, another.normal) > 0));
      return near.length >= 2 && agree && near.every((other) => dot(other.normal, point.normal) < TURNED_AWAY);
    })
    .map((point) => point.key);
}
