/** Whether the tests run as they are written; `.ci/versions` runs them as JavaScript. */
const areTypeScript = import.meta.url.endsWith('.ts')

/** What a TypeScript file of the tests is called where they run. */
export function sourceFile (name: string): string {
  return areTypeScript ? name : name.replace(/ts$/, 'js')
}

/** By which a program runs such a file. */
export const loader = areTypeScript ? ['--import', 'tsx'] : []
