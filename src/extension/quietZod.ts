import * as z from 'zod';

// Before any schema is made: zod would look at `navigator`, which the extension host reports as an error of ours, and
// compile functions from text, which costs time at the start.
z.config({ jitless: true });
