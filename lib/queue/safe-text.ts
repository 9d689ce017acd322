/** Half a character: a surrogate without the other half. */
const loneSurrogate = /\p{Surrogate}/u

/** Why a text cannot be stored: PostgreSQL's jsonb refuses it. `undefined` if it can. */
export function problemOfText (text: string): string | undefined {
  if (text.includes('\0')) return 'a string with a NUL character'
  if (loneSurrogate.test(text)) return 'a string with a lone surrogate (half an emoji, as slice() leaves it)'
}

/** A text as both servers take it, cut to a length. */
export function safeText (text: string, longest = 1_000): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text
  return problemOfText(short) === undefined ? short : short.replace(/\p{Surrogate}/gu, '\uFFFD').replaceAll('\0', '\uFFFD')
}
