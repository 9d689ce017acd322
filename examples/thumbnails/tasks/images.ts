import { readFileSync, writeFileSync } from 'node:fs'
import { convertIndexedToRgb, decode, encode, type DecodedPng, type ImageData } from 'fast-png'

/** Writes a smaller copy of a PNG file. It is synchronous, so it runs in a worker thread. */
export function renderThumbnail (original: string, thumbnail: string, { width }: { width: number }): void {
  const picture = withoutPalette(decode(readFileSync(original)))
  writeFileSync(thumbnail, encode(scale(picture, Math.min(width, picture.width))))
}

function withoutPalette (picture: DecodedPng): DecodedPng {
  const channels = picture.palette?.[0]?.length
  if (channels !== undefined) return { ...picture, data: convertIndexedToRgb(picture), depth: 8, channels }
  if (picture.depth < 8) throw new Error(`grayscale of ${picture.depth} bits is not supported`)
  return picture
}

function scale (picture: DecodedPng, width: number): ImageData {
  const { depth, channels } = picture
  const height = Math.max(1, Math.round(picture.height * width / picture.width))
  const data = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels)

  for (let y = 0; y < height; y++) {
    const top = Math.floor(y * picture.height / height)
    const bottom = Math.floor((y + 1) * picture.height / height)

    for (let x = 0; x < width; x++) {
      const left = Math.floor(x * picture.width / width)
      const right = Math.floor((x + 1) * picture.width / width)
      data.set(averageOf(picture, { top, bottom, left, right }), (y * width + x) * channels)
    }
  }
  return { width, height, depth, channels, data }
}

type Box = Record<'top' | 'bottom' | 'left' | 'right', number>

/** The average of a box of pixels, in which one counts for less the more transparent it is. */
function averageOf ({ width, channels, data }: DecodedPng, { top, bottom, left, right }: Box): number[] {
  const hasAlpha = channels % 2 === 0
  const colors = hasAlpha ? channels - 1 : channels
  const sums = new Array<number>(colors).fill(0)
  let weight = 0

  for (let row = top; row < bottom; row++) {
    const end = (row * width + right) * channels
    for (let pixel = (row * width + left) * channels; pixel < end; pixel += channels) {
      const opacity = hasAlpha ? data[pixel + colors]! : 1
      for (let c = 0; c < colors; c++) sums[c]! += data[pixel + c]! * opacity
      weight += opacity
    }
  }

  const average = sums.map((sum) => weight === 0 ? 0 : Math.round(sum / weight))
  return hasAlpha ? [...average, Math.round(weight / ((bottom - top) * (right - left)))] : average
}
