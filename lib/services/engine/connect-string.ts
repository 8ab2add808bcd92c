/** Servers and chroot of a connect string that the adapter has accepted. */
export function splitConnectString(connectString: string): { servers: string; chroot: string } {
  const slash = connectString.indexOf('/')
  if (slash === -1) return { servers: connectString.trim(), chroot: '/' }
  const chroot = connectString.slice(slash).trim().replace(/\/+$/, '')
  return { servers: connectString.slice(0, slash).trim(), chroot: chroot === '' ? '/' : chroot }
}
