/** Takes user names and passwords out of the addresses in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s@]*@/g, '://(secret)@')
}
