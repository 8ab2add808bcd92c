// Next.js resolves this marker itself; there is no package behind it.
declare module 'server-only'
