//! What must not be found in a bundle.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{
    Redactor,
    redact::{CREDENTIAL, Known},
};

/// The credential, the prompt and the end user of a request: what is taken out of its answer.
///
/// Words of 12 bytes and more are taken out wherever they stand, and so is each part of them that is as long, since
/// services cut what they repeat. Shorter ones are taken out where they are words of their own. Of a credential, four
/// bytes before a mask are enough.
#[derive(Clone, Default)]
pub struct Private {
    pub(crate) known: Arc<Known>,
}

impl Private {
    /// Blanks around them do not count, and any run of blanks is as good as one. Whatever is absent or empty is not
    /// looked for.
    #[must_use]
    pub fn new(credential: Option<&str>, prompt: Option<&str>, user: Option<&str>) -> Self {
        let named = [(credential, CREDENTIAL), (prompt, "[prompt]"), (user, "[user]")];
        let texts: Vec<_> = named.into_iter().filter_map(|(text, name)| Some((text?, name))).collect();
        Self { known: Arc::new(Known::new(&texts)) }
    }

    /// The text without them; it is whole, so that nothing at its end is taken for a part of them.
    pub(crate) fn taken_out_of(&self, text: &str) -> String {
        let mut redactor = Redactor::words(self.clone());
        let mut redacted = Vec::new();
        redactor.feed(text.as_bytes(), &mut redacted);
        redactor.finish(&mut redacted, true);
        String::from_utf8_lossy(&redacted).into_owned()
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Private(redacted)")
    }
}

/// The SHA-256 of bytes.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
