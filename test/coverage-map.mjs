import { readdirSync } from 'node:fs'

const lib = readdirSync('lib', { recursive: true }).filter((file) => file.endsWith('.ts')).map((file) => `lib/${file}`)

// Examples run as their users run them, on the built package: their tests cover nothing of lib.
export default (test) => test.includes('test/examples/') || test.endsWith('docs.test.ts') ? null : lib
