export async function send (to, options) {}
