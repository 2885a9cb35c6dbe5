/** xAI's voice for each voice that OpenAI ever had: the one that comes nearest in pitch and manner. */
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

/** OpenAI's voice for each of xAI's. */
export const openaiVoices: Readonly<Record<string, string>> = {
  eve: 'coral',
  ara: 'marin',
  rex: 'cedar',
  sal: 'alloy',
  leo: 'ash'
}
