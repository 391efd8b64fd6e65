// The hundred names that are traded. Shared by page and server; knows no price.

/** In the order the table shows them; each is unique, two to five capital letters. */
export const symbols: readonly string[] = [
  ..."WARP WEFT LOOM REED SHED PICK BEAM COMB CARD SPIN".split(" "),
  ..."SILK WOOL FLAX HEMP JUTE LACE KNIT PURL SEAM YARN".split(" "),
  ..."BAIZE BATIK BRAID CHINO CLOTH CORD CREPE DENIM DRILL FELT".split(" "),
  ..."FLEEC GAUZE GIMP HEALD IKAT KAPOK KHAKI LAWN LINEN LISLE".split(" "),
  ..."LODEN LUREX MOIRE MULL NAP NYLON OXFRD PIQUE PLAID PLUSH".split(" "),
  ..."PLY POPLN RAMIE RAYON REP RIB RUG SATIN SCRIM SERGE".split(" "),
  ..."SISAL SKEIN SLUB SPOOL SUEDE SURAH TAPE TARTN TERRY TICK".split(" "),
  ..."TOILE TOW TREAD TULLE TWEED TWILL TWINE VELUM VELVT VOILE".split(" "),
  ..."WEAVE WHORL WICK WORST AIDA ALPAC ANGRA APPLQ ATLAS BAST".split(" "),
  ..."BOBIN BOUCL BURLP CAMEL CANVS CHECK CHINE COIR DAMSK DYE".split(" "),
];
