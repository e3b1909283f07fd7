//! Credentials.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::Error;

/// A credential. It is never shown, and its memory is overwritten when it is dropped.
///
/// ```
/// use imagewire_transport::Secret;
///
/// let secret = Secret::new("sk-123")?;
/// assert_eq!(format!("{secret:?}"), "Secret(redacted)");
/// assert!(Secret::new("sk-123\n").unwrap_err().to_string().contains("character 7"));
/// # Ok::<(), imagewire_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the bare credential, without `Bearer`: visible ASCII, at least one character. Nothing is trimmed.
    ///
    /// # Errors
    /// When it is empty, or with the position (not the value) of the first character that cannot stand in a header.
    pub fn new(credential: impl Into<String>) -> Result<Self, Error> {
        let credential = SecretString::from(credential.into());
        let text = credential.expose_secret();
        if text.is_empty() {
            return Err(Error::configuration(
                "The credential is empty",
                "Set the key that the service gave you",
            ));
        }
        if let Some((position, character)) =
            text.chars().enumerate().find(|(_, character)| !character.is_ascii_graphic())
        {
            let what = match character {
                '\n' | '\r' => "a line break",
                ' ' => "a space",
                '\t' => "a tab",
                '\0' => "a NUL character",
                _ if character.is_control() => "a control character",
                _ => "a character outside ASCII",
            };
            return Err(Error::configuration(
                format!(
                    "The credential has {what} at character {} of {}",
                    position + 1,
                    text.chars().count()
                ),
                "Give the bare key, without a scheme such as Bearer, quotes or a trailing line break",
            ));
        }
        Ok(Self(credential))
    }

    /// The value. For headers and for taking it out of texts, nothing else.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_position_and_not_the_value() {
        for (credential, expected) in [
            ("", "is empty"),
            ("CANARY\n", "a line break at character 7 of 7"),
            ("CANARY\r\n", "a line break at character 7 of 8"),
            (" CANARY", "a space at character 1"),
            ("CANARY ", "a space at character 7"),
            ("Bearer CANARY", "a space at character 7"),
            ("CAN\0ARY", "a NUL character at character 4"),
            ("CANARY\u{7f}", "a control character at character 7"),
            ("CANARYé", "a character outside ASCII at character 7 of 7"),
        ] {
            let error = Secret::new(credential).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains("CANARY"), "{shown}");
        }
        assert!(Secret::new("sk-proj_1.2~3/4+5=").is_ok());
    }
}
