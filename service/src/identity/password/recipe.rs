//! argon2id (RFC 9106) with the configured cost. With a pepper, it hashes an HMAC of the password.
//!
//! The PHC string of a hash holds its parameters; `keyid` identifies the pepper without revealing it.
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, KeyId, Params, ParamsBuilder, Version,
    password_hash::{
        Error,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use hmac::Mac;
use secrecy::{ExposeSecret, SecretString};

use crate::identity::Settings;
use kernel::secret::Secret;

const OUTPUT_LENGTH: usize = 32;

/// The current parameters and pepper, and the old peppers that hashes may still use.
pub struct Recipe {
    memory: u32,
    passes: u32,
    lanes: u32,
    pepper: Option<Pepper>,
    old_peppers: Vec<Pepper>,
}

struct Pepper {
    id: Vec<u8>,
    key: Secret,
}

impl Pepper {
    fn new(text: &SecretString) -> Self {
        let secret = Secret::from_text(text);
        let id = secret.derive("the name of a pepper");
        Self {
            id: id.bytes()[..KeyId::MAX_LEN].to_vec(),
            key: secret.derive("a pepper"),
        }
    }

    fn apply(&self, password: &[u8]) -> Vec<u8> {
        let mut mac = self.key.mac();
        mac.update(password);
        mac.finalize().into_bytes().to_vec()
    }
}

impl Recipe {
    pub fn new(settings: &Settings) -> Self {
        Self {
            memory: settings.hash_memory,
            passes: settings.hash_passes,
            lanes: settings.hash_lanes,
            pepper: settings.pepper.as_ref().map(Pepper::new),
            old_peppers: settings.old_peppers.iter().map(Pepper::new).collect(),
        }
    }

    pub fn hash(&self, password: &SecretString, memory: &mut Vec<Block>) -> Result<String, Error> {
        let (params, salt) = (self.params()?, Salt::generate());
        let password = password.expose_secret().as_bytes();
        let output = match &self.pepper {
            Some(pepper) => derive(&pepper.apply(password), &salt, params.clone(), memory)?,
            None => derive(password, &salt, params.clone(), memory)?,
        };
        phc(&params, salt, output)
    }

    pub fn verify(
        &self,
        password: &SecretString,
        hash: &str,
        memory: &mut Vec<Block>,
    ) -> Result<bool, Error> {
        let hash = PasswordHash::new(hash)?;
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
            return Ok(false);
        };
        let params = Params::try_from(&hash)?;
        let mut peppers = self.pepper.iter().chain(&self.old_peppers);
        let pepper = peppers.find(|pepper| pepper.id == params.keyid());
        let is_known = params.keyid().is_empty() || pepper.is_some();
        if !is_known {
            tracing::warn!(
                "a password hash uses a pepper that is neither auth.pepper nor in auth.old_peppers; its user cannot sign in"
            );
        }
        let password = password.expose_secret().as_bytes();
        let output = match pepper {
            Some(pepper) => derive(&pepper.apply(password), &salt, params, memory)?,
            None => derive(password, &salt, params, memory)?,
        };
        // `Output` compares in constant time.
        Ok(output == expected && is_known)
    }

    /// A hash that matches no password. Verifying it takes as much work as verifying a current one.
    pub fn dummy_hash(&self) -> Result<String, Error> {
        let output = Output::new(&rand::random::<[u8; OUTPUT_LENGTH]>())?;
        phc(&self.params()?, Salt::generate(), output)
    }

    /// Returns true if a hash has a lower cost than the current parameters, or another pepper.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let made = PasswordHash::new(hash).ok();
        let made = made.and_then(|hash| Params::try_from(&hash).ok());
        let (Some(made), Ok(now)) = (made, self.params()) else {
            return false;
        };
        let is_cheap = made.m_cost() < now.m_cost() || made.t_cost() < now.t_cost();
        is_cheap || made.keyid() != now.keyid()
    }

    fn params(&self) -> Result<Params, Error> {
        let mut params = ParamsBuilder::new();
        params
            .m_cost(self.memory)
            .t_cost(self.passes)
            .p_cost(self.lanes)
            .output_len(OUTPUT_LENGTH);
        if let Some(pepper) = &self.pepper {
            params.keyid(KeyId::new(&pepper.id)?);
        }
        Ok(params.build()?)
    }
}

fn phc(params: &Params, salt: Salt, output: Output) -> Result<String, Error> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

fn derive(
    password: &[u8],
    salt: &Salt,
    params: Params,
    memory: &mut Vec<Block>,
) -> Result<Output, Error> {
    let blocks = params.block_count();
    memory.resize(blocks.max(memory.len()), Block::default());
    let mut out = vec![0; params.output_len().unwrap_or(OUTPUT_LENGTH)];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password,
        salt,
        &mut out,
        &mut memory[..blocks],
    )?;
    Ok(Output::new(&out)?)
}
