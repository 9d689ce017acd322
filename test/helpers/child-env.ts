/** The environment of a program that is none of the tests: without what tap hands to the processes whose coverage it wants. */
export function childEnv (): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, ...env } = process.env
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^_?TAP/.test(name)))
}
