/** How records name who acted: a person, or a token of theirs. */
export function nameOfActor({ name, token }: { readonly name: string; readonly token?: { readonly name: string } }) {
  return token === undefined ? name : `${name} (token ${token.name})`
}
