export const Tone = { Calm: 'calm', Loud: 'loud' } as const;
export type Tone = (typeof Tone)[keyof typeof Tone];

export function withTone(text: string, tone: Tone): string {
  return tone === Tone.Loud ? `${text.toUpperCase()}!` : text;
}
