/** Which way a person faces, from the keypoints that came with the image. */

/**
 * Whether the person shows their back, by the shoulders: then their left is at the left.
 * @param {number[] | null} keypoints 17 x (x, y, visibility)
 * @returns {boolean | null} null where it cannot be told
 */
export function facesAway(keypoints) {
  if (!keypoints) return null;
  const [leftX, leftSeen, rightX, rightSeen] = [keypoints[15], keypoints[17], keypoints[18], keypoints[20]];
  return leftSeen > 0 && rightSeen > 0 ? leftX < rightX : null;
}
