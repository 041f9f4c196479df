/**
 * Label maps: row-major Uint8Array of width x height, 0 background, 1..14 parts. On the wire they are
 * zlib-deflated and base64. Compression is the browser's own (CompressionStream "deflate" is the zlib format).
 */

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} base64 of zlib
 */
export async function packLabelMap(bytes) {
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new CompressionStream("deflate"));
  return toBase64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/**
 * @param {string} text base64 of zlib
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Uint8Array>}
 * @throws {RangeError} where the size is another one
 */
export async function unpackLabelMap(text, width, height) {
  const bytes = await inflate(fromBase64(text));
  if (bytes.length !== width * height) throw new RangeError(`label map has ${bytes.length} cells, expected ${width} x ${height}`);
  return bytes;
}

/** @param {Uint8Array} bytes a zlib stream @returns {Promise<Uint8Array>} */
export async function inflate(bytes) {
  const stream = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} bytes @returns {string} */
function toBase64(bytes) {
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** @param {string} text @returns {Uint8Array} */
export function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
