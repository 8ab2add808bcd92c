/** Enough of a browser for one host: cookies by name (ports share them), one redirect after the other. */
export class CookieJar {
  readonly #cookies = new Map<string, string>()

  header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      const isOver = value === '' || attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute))
      if (isOver) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }

  copy(): CookieJar {
    const jar = new CookieJar()
    for (const [name, value] of this.#cookies) jar.#cookies.set(name, value)
    return jar
  }
}
