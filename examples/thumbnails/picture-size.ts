import { hasPngSignature } from 'fast-png'

/** How many pixels a PNG file says it has, or `undefined` for what is no PNG: known at once, without decoding it. */
export function pictureSize (file: Buffer): number | undefined {
  if (file.length < 24 || !hasPngSignature(file)) return
  return file.readUInt32BE(16) * file.readUInt32BE(20)
}
