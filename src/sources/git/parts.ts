const mark = '.part-';

/** The name of something that is not whole yet, or is to go. */
export function partOf(path: string, id: string): string {
  return `${path}${mark}${id.replaceAll('/', '-')}`;
}

export function isPart(name: string): boolean {
  return name.includes(mark);
}
