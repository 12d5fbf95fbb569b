import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { PlanSeal } from '../engine/ports.ts';

const cipherName = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * What a saved plan carries beside what it shows: hidden, for a config may hold a secret as the default of a variable, and signed together with
 * what is shown, so that neither can be changed nor come from elsewhere.
 */
export function createPlanSeal(key: string, purpose = 'plan'): PlanSeal {
  const own = createHmac('sha256', key).update(purpose).digest();
  return {
    seal(text, about) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(cipherName, own, nonce).setAAD(Buffer.from(about));
      const hidden = Buffer.concat([cipher.update(deflateRawSync(text)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url');
    },
    open(sealed, about) {
      const bytes = Buffer.from(sealed, 'base64url');
      try {
        const decipher = createDecipheriv(cipherName, own, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        const packed = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
        return inflateRawSync(packed).toString();
      } catch {
        return null;
      }
    },
  };
}
