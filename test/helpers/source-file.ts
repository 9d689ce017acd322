const language = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** What a TypeScript file of the tests is called where they run: `.ci/versions` runs them as JavaScript. */
export function sourceFile (name: string): string {
  return name.replace(/ts$/, language)
}
