import type { ParsedKey } from 'ssh2';
import type { Disposable } from '../../common/disposable.js';

/**
 * What a person answered and a host accepted, for further connections to the same machine: passwords and unlocked keys,
 * never codes. It is in the memory of this process alone, and gone with {@link dispose} or when a host refuses it.
 */
export class SignInMemory implements Disposable {
  readonly #passwords = new Map<string, string>();
  readonly #keys = new Map<string, ParsedKey>();

  /** @param place `user@host:port` */
  password(place: string): string | undefined {
    return this.#passwords.get(place);
  }

  keepPassword(place: string, password: string): void {
    this.#passwords.set(place, password);
  }

  forgetPassword(place: string): void {
    this.#passwords.delete(place);
  }

  /** @param path of the private key */
  key(path: string): ParsedKey | undefined {
    return this.#keys.get(path);
  }

  keepKey(path: string, key: ParsedKey): void {
    this.#keys.set(path, key);
  }

  dispose(): void {
    this.#passwords.clear();
    this.#keys.clear();
  }
}
