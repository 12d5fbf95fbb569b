import { MusterError } from '../model/error.ts';

/** What the file system said, in words that name the file. Anything else is a bug and passes. */
export function refusal(error: unknown, path: string): MusterError {
  if (error instanceof MusterError) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new MusterError('ENOENT', `${path} does not exist`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new MusterError('EACCES', `${path} cannot be read: permission denied`, { cause: error });
    case 'ELOOP':
      return new MusterError('EINVAL', `${path} is a link that leads back to itself`, { cause: error });
    case 'EISDIR':
      return new MusterError('EINVAL', `${path} is a folder`, { hint: 'name a file in it', cause: error });
    case undefined:
      throw error;
    default:
      return new MusterError('EIO', `${path} cannot be read: ${code}`, { cause: error });
  }
}
