/** What xAI speaks with where a client asks for any voice that OpenAI ever had: the one that comes nearest in pitch and manner. */
export const xaiVoices: Readonly<Record<string, string>> = {
  marin: 'ara',
  cedar: 'rex',
  alloy: 'sal',
  ash: 'leo',
  ballad: 'rex',
  coral: 'eve',
  echo: 'leo',
  fable: 'sal',
  nova: 'eve',
  onyx: 'leo',
  sage: 'ara',
  shimmer: 'eve',
  verse: 'rex'
}

/** What OpenAI speaks with where a client asks for one of xAI's voices. */
export const openaiVoices: Readonly<Record<string, string>> = {
  eve: 'coral',
  ara: 'marin',
  rex: 'cedar',
  sal: 'alloy',
  leo: 'ash'
}
